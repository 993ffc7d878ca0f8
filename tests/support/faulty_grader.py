"""A real grader and its real processes, each of which a test can kill."""

import asyncio
import contextlib
import functools
import os
import signal
from collections.abc import Callable, Coroutine
from typing import Any

from app.core.outcome import Outcome
from app.core.verdict import Mode, Verdict
from app.grading.grader import Grader
from sandbox.forkserver.process import ForkServerProcess
from sandbox.jailed import Supervisor
from tests.support.process_trees import children
from tests.support.toy_problem import REFERENCE, toy_problem

_PATIENCE_SECONDS = 60.0

RIGHT = REFERENCE
WRONG = REFERENCE.replace("x + self.shift", "x - self.shift")
SLOW = "import time\ntime.sleep(0.5)\n" + REFERENCE
SLOW_AND_WRONG = "import time\ntime.sleep(0.5)\n" + WRONG
BETWEEN_CALLS = REFERENCE.replace("    return Shift", "    import time; time.sleep(0.2)\n    return Shift")
EXPECTED = {
    RIGHT: Outcome.ACCEPTED,
    WRONG: Outcome.WRONG_VALUE,
    SLOW: Outcome.ACCEPTED,
    SLOW_AND_WRONG: Outcome.WRONG_VALUE,
    BETWEEN_CALLS: Outcome.ACCEPTED,
}


Rows = list[tuple[str, Outcome]]


class FaultyGrader:
    """Grades on the toy problem; `fork_server`, `init` and the rest name processes to be killed."""

    def __init__(self, grader: Grader, runner: asyncio.Runner) -> None:
        self.grader = grader
        self.problem = toy_problem()
        self._runner = runner
        self._rows: dict[str, Rows] = {}
        learners, trusted = grader._sandbox, grader.answers._sandbox
        assert isinstance(learners, Supervisor)
        self.learners, self.trusted = learners, trusted

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return self._runner.run(asyncio.wait_for(coroutine, 2 * _PATIENCE_SECONDS))

    async def grade(self, code: str, *, learner: str | None = None, fresh_seed: int = 4) -> Verdict:
        return await self.grader.grade(
            self.problem, code, Mode.SUBMIT, fresh_seed=fresh_seed, learner=learner
        )

    async def learn(self) -> None:
        """Grade every text once while nothing goes wrong."""
        for code, outcome in EXPECTED.items():
            verdict = await self.grade(code)
            assert verdict.outcome is outcome, verdict
            self._rows[code] = _rows(verdict)

    async def is_right(self, code: str, *, learner: str | None = None, fresh_seed: int = 4) -> bool:
        """Whether each case of `code` ends as it does when nothing goes wrong."""
        verdict = await self.grade(code, learner=learner, fresh_seed=fresh_seed)
        assert (_rows(verdict), verdict.message) == (self._rows[code], "")
        return verdict.outcome is EXPECTED[code]

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while not condition():  # noqa: ASYNC110 - processes tell nobody
                await asyncio.sleep(0.005)

    async def until_spare(self) -> None:
        """Both sandboxes have a fork server that serves and one that waits."""
        for sandbox in (self.learners, self.trusted):
            await sandbox.warm_up()
        for fork_servers in (self.learners.fork_servers, self.trusted.fork_servers):
            await self.until(functools.partial(getattr, fork_servers, "has_spare"))

    async def until_a_run(self) -> None:
        """A learner's code is being run: there is a child, which is not one that waits."""

        def is_one() -> bool:
            # Where a fork server is just being replaced there is none.
            with contextlib.suppress(ProcessLookupError):
                return bool(set(self.child_pids(self.learners)) - set(self.learners.waiting_pids))
            return False

        await self.until(is_one)

    def fork_server(self, sandbox: Supervisor) -> int:
        return _serving(sandbox).pid

    def bubblewrap(self, sandbox: Supervisor) -> int:
        """The one that this process has started."""
        return _serving(sandbox)._process.pid

    def first_of_the_namespace(self, sandbox: Supervisor) -> int:
        return children(self.bubblewrap(sandbox))[0]

    def inits(self, sandbox: Supervisor) -> list[int]:
        return children(self.fork_server(sandbox))

    def child_pids(self, sandbox: Supervisor) -> list[int]:
        return [child for init in self.inits(sandbox) for child in children(init)]


def _serving(sandbox: Supervisor) -> ForkServerProcess:
    serving = sandbox.fork_servers._serving
    if serving is None or not serving.done():
        raise ProcessLookupError("no fork server serves just now: the last one is being replaced")
    return serving.result()


def kill(pid: int, number: signal.Signals = signal.SIGKILL) -> None:
    """As an operator, or the kernel short of memory, does it."""
    os.kill(pid, number)


def _rows(verdict: Verdict) -> Rows:
    return [(row.name, row.outcome) for row in verdict.cases]
