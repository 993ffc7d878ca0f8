"""Programs run plain and as in the jail, in two processes that fork for them, side by side."""

import json
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.exhaustive.fuzz.programs import Program, input_shapes
from tests.exhaustive.patched import environment
from tests.support.checkout import CHECKOUT

Seen = list[Any]
"""Of one program: its runs, each a list of what was seen of the steps; or how its process ended."""


class Process:
    """One process with JAX, `plain` or `patched`."""

    def __init__(self, kind: str) -> None:
        command = [sys.executable, "-m", "tests.exhaustive.fuzz.child", kind]
        self._process = subprocess.Popen(
            command,
            cwd=CHECKOUT,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def run(
        self,
        programs: Sequence[Program],
        *,
        alone: bool,
        folder: Path | None = None,
        writable: bool = False,
        breakage: str = "",
    ) -> list[Seen]:
        """Run the programs, each in a fork of its own where `alone`; return what was seen of each.

        Raises:
            RuntimeError: the process has gone.
        """
        if not programs:
            return []
        order = {
            "programs": [{"steps": p.steps, "seed": p.seed, "runs": p.runs} for p in programs],
            "shapes": input_shapes(),
            "alone": alone,
            "folder": str(folder or ""),
            "writable": writable,
            "breakage": breakage,
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the process that runs programs ended with {self._process.wait()}")
        seen: list[Seen] = json.loads(answer)
        return seen

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


class Processes:
    """A plain process and a patched one; both start while the other does."""

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.plain, self.patched = Process("plain"), Process("patched")
            stack.callback(self.patched.close)
            stack.callback(self.plain.close)
            self.threads = stack.enter_context(ThreadPoolExecutor(max_workers=2))
            self._stack = stack.pop_all()
        return self

    def plain_again(self, program: Program) -> tuple[Seen, Seen]:
        """Run a program alone, and once more in a process started for it: some orders differ by process."""
        elsewhere = Process("plain")
        try:
            return self.plain.run([program], alone=True)[0], elsewhere.run([program], alone=True)[0]
        finally:
            elsewhere.close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
