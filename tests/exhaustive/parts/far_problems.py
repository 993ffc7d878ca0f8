"""Problems far from Vision Transformers are graded alike cold, cached, warm and by another worker, also while
somebody fills the folder of compiled programs: right solutions are accepted, a wrong one is refused, and the
bits of all answers are those of a plain JAX.
"""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path

from tests.exhaustive.part import Result
from tests.far_problems.grading import FarGrader, Graded, State, faults_of, open_far_grader, without_programs
from tests.far_problems.other_worker import OtherWorker
from tests.far_problems.packages import Role, far_problems, solutions_of
from tests.far_problems.plain import plain_bits

RESTS_ON = (
    "app/core",
    "app/grading",
    "sandbox",
    "tests/far_problems",
)


class _Workers:
    """Three workers: one that fills, another over the same folder, and one that never finds a program."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._folder = tempfile.TemporaryDirectory()
        self.filled = Path(self._folder.name) / "filled"
        self.empty = Path(self._folder.name) / "empty"
        self.runner.run(self._open())

    async def _open(self) -> None:
        self.first: FarGrader = await self._stack.enter_async_context(open_far_grader(self.filled))
        # Without jails that wait it draws no seeds ahead either, whose answers would leave programs.
        self.cold: FarGrader = await self._stack.enter_async_context(
            open_far_grader(self.empty, warm_jails=0)
        )
        self.other = await OtherWorker.start(self.filled)
        self._stack.push_async_callback(self.other.stop)

    def close(self) -> None:
        self.runner.run(self._stack.aclose())
        self.runner.close()
        self._folder.cleanup()

    async def grade(self, slug: str) -> list[Graded]:
        """Grade the problem in every state; nothing of it may have been graded before."""
        problem = far_problems()[slug]
        _, beside = await asyncio.gather(
            self.first.fill(problem), self.other.grade(slug, State.BESIDE_FILLING)
        )
        graded = [*beside, *await self.first.grade_cached_and_warm(problem, thoroughly=True)]
        graded += await self.other.grade(slug, State.OTHER_WORKER)
        without_programs(self.filled, self.empty)
        graded += await self.cold.grade_all(problem, State.COLD)
        assert not any(path.is_file() for path in self.empty.glob("grading/*/compiled/**/*")), "not cold"
        return graded


_workers: list[_Workers] = []


def items() -> list[str]:
    """Return every problem."""
    return list(far_problems())


def run(item: str) -> Result:
    """Grade its solutions in all states."""
    if not _workers:
        _workers.append(_Workers())
    [workers] = _workers
    solutions = solutions_of(far_problems()[item])
    plain = workers.runner.run(plain_bits(solutions))
    graded = workers.runner.run(workers.grade(item))
    faults = faults_of(graded, {role: plain[item, role] for role in Role})
    states = Counter(one.state.value for one in graded)
    faults += [f"{state} was not reached" for state in State if not states[state]]
    assert not faults, "\n".join(faults)
    return {"track": far_problems()[item].manifest.track, "verdicts": dict(states)}


def close() -> None:
    """End the workers."""
    while _workers:
        _workers.pop().close()


def table(results: Mapping[str, Result]) -> str:
    """Return a row a problem: how many verdicts of each state were as they should be, with the same bits."""
    lines = [
        "Verdicts that are right, with the bits of a plain JAX, by what the run found of earlier ones.",
        "",
    ]
    lines += [f"| problem | about | {' | '.join(state.replace('_', ' ') for state in State)} |"]
    lines += ["| --- | --- |" + " ---: |" * len(State)]
    for slug, result in results.items():
        counts = [str(result["verdicts"].get(state, 0)) for state in State]
        lines.append(f"| {slug} | {result['track']} | {' | '.join(counts)} |")
    return "\n".join(lines)
