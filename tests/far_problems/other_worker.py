"""Grades far problems in a process of its own, which stands for another worker over the same data folder.

As a program it takes a state and a slug a line from standard input, and answers each with a line of JSON.
"""

import asyncio
import sys
from pathlib import Path

import msgspec

from tests.far_problems.grading import Graded, State, open_far_grader
from tests.far_problems.packages import far_problems, solutions_of
from tests.support.checkout import CHECKOUT

_LINE_BYTES = 1 << 20


class OtherWorker:
    """The other process, seen from here; it takes some seconds until it can grade."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @staticmethod
    async def start(place: Path) -> "OtherWorker":
        """Start it over the data folder `place`."""
        return OtherWorker(
            await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.far_problems.other_worker", str(place)),
                cwd=CHECKOUT,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=_LINE_BYTES,
            )
        )

    async def grade(self, slug: str, state: State) -> list[Graded]:
        """Have every solution of the problem graded; the results say that it was in this state."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{state} {slug}\n".encode())
        line = await self._process.stdout.readline()
        assert line, "the other worker has ended; its error stands above"
        return msgspec.json.decode(line, type=list[Graded])

    async def stop(self) -> None:
        """Let it end by itself."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()


async def _serve(place: Path) -> None:
    async with open_far_grader(place) as grader:
        while line := await asyncio.to_thread(sys.stdin.readline):
            state, slug = line.split()
            graded = [
                await grader.grade(solution, State(state)) for solution in solutions_of(far_problems()[slug])
            ]
            sys.stdout.write(msgspec.json.encode(graded).decode() + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))
