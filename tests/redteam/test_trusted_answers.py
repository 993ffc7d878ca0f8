"""What our own solutions answer is kept, but not that one of them failed."""

import asyncio
from pathlib import Path

import pytest

from app.core.verdict import Mode
from app.grading.graded_items import ItemKind, items_of
from app.grading.open_grader import open_grader
from tests.toy_problem import REFERENCE, toy_problem

pytestmark = pytest.mark.jail

_RAISES = REFERENCE.replace("x + self.shift", "x + self.shift + 1 / 0")


def test_only_answers_outlive_the_process(tmp_path: Path) -> None:
    problem = toy_problem()
    items = [item for item in items_of(problem, Mode.SUBMIT, fresh_seed=None) if not item.is_fresh]

    async def answer() -> list[bool]:
        async with open_grader(data_dir=tmp_path, unjailed=False) as grader:
            rows = await grader.answers.of_solutions(problem, [REFERENCE, _RAISES], items)
        return [all(one.failure for one in row) for row in rows]

    assert asyncio.run(answer()) == [False, True]
    kept = [path for folder in tmp_path.glob("grading/*/answers") for path in folder.iterdir()]
    # The first case called again is the same question, and is not asked twice.
    assert len(kept) == len([item for item in items if item.kind is not ItemKind.AGAIN])
