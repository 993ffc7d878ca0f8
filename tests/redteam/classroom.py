"""A grader that lets jails wait, and a look at which do."""

import asyncio
from collections.abc import Callable

from app.core.verdict import Confirmation, Mode, Verdict
from app.grading.grader import Grader
from sandbox.jailed import Supervisor
from tests.support.toy_problem import toy_problem

_PATIENCE_SECONDS = 60.0


class Classroom:
    """Learners of one problem, by name."""

    def __init__(self, grader: Grader, runner: asyncio.Runner) -> None:
        self.runner = runner
        self.grader = grader
        self.problem = toy_problem()
        sandbox = grader._sandbox
        assert isinstance(sandbox, Supervisor)
        self.sandbox = sandbox

    def grade(self, code: str, learner: str | None = "ada") -> Verdict:
        graded = self.grader.grade(self.problem, code, Mode.SUBMIT, fresh_seed=4, learner=learner)
        return self.runner.run(graded)

    def settled(self, code: str, verdict: Verdict) -> Verdict:
        """Return what counts: the verdict, or what a fresh jail makes of it."""
        if verdict.confirmation is not Confirmation.PENDING:
            return verdict
        return self.runner.run(self.grader.confirm(self.problem, code, Mode.SUBMIT, verdict))

    def waits(self, learner: str = "ada") -> bool:
        return self.grader.waits_for(self.problem, learner)

    def until_one_waits(self, learner: str = "ada") -> None:
        self.runner.run(until(lambda: self.waits(learner)))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110 - no event is sent
            await asyncio.sleep(0.02)
