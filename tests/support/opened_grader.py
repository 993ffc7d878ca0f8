"""A real grader for tests that are no coroutines: open for as long as a fixture, asked through a runner."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app.grading.grader import Grader
from app.grading.open_grader import open_grader


@contextmanager
def opened_grader(data_dir: Path, **options: Any) -> Iterator[tuple[Grader, asyncio.Runner]]:
    """Open one, jailed, and give it with the runner whose loop it lives in."""
    with asyncio.Runner() as runner:
        context = open_grader(data_dir=data_dir, unjailed=False, **options)
        grader = runner.run(context.__aenter__())
        try:
            yield grader, runner
        finally:
            runner.run(context.__aexit__(None, None, None))
