"""Seeds that are drawn ahead: sooner verdicts, from cases that are as new to the learner as any."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from app.core.outcome import Outcome
from app.core.problem import Problem
from app.core.verdict import Mode, Verdict
from app.grading.grader import Grader
from app.grading.plan.checks import Check, checks_of
from sandbox.interface import CallResult
from tests.support.opened_grader import opened_grader
from tests.support.toy_problem import REFERENCE, toy_problem

pytestmark = pytest.mark.jail
_PATIENCE_SECONDS = 60.0


class Harness:
    """A grader that draws ahead, and how often its reference was asked."""

    def __init__(self, grader: Grader, runner: asyncio.Runner) -> None:
        self.grader = grader
        self.runner = runner
        self.problem = toy_problem()
        self.asked: list[Sequence[Check]] = []
        sessions = grader.answers._sessions
        call = sessions.call

        async def counted(problem: Problem, checks: Sequence[Check]) -> list[CallResult]:
            self.asked.append(checks)
            return await call(problem, checks)

        sessions.call = counted  # type: ignore[method-assign]

    def grade(self, code: str, seed: int) -> Verdict:
        return self.runner.run(self.grader.grade(self.problem, code, Mode.SUBMIT, fresh_seed=seed))

    def until_ready(self) -> None:
        async def wait() -> None:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while self.grader._seeds._wanted:  # noqa: ASYNC110 - no event is sent
                    await asyncio.sleep(0.02)

        self.runner.run(wait())

    def take(self) -> int:
        seed = self.runner.run(self.grader.take_seed(self.problem))
        assert seed is not None
        return seed


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    data_dir: Path = tmp_path_factory.mktemp("ahead")
    with opened_grader(data_dir, warm_jails=3) as (grader, runner):
        yield Harness(grader, runner)


def test_none_is_ready_before_a_first_submission(harness: Harness) -> None:
    assert harness.runner.run(harness.grader.take_seed(harness.problem)) is None


def test_with_a_seed_that_is_ready_the_reference_is_not_asked_again(harness: Harness) -> None:
    assert harness.grade(REFERENCE, 4).outcome is Outcome.ACCEPTED
    harness.until_ready()
    seed = harness.take()
    asked = len(harness.asked)
    assert harness.grade(REFERENCE, seed).outcome is Outcome.ACCEPTED
    assert len(harness.asked) == asked
    # A regrade with the same seed has the same cases, whether or not their answers are still known.
    harness.grader.answers._memory.clear()
    again = harness.grade(REFERENCE, seed)
    assert again.outcome is Outcome.ACCEPTED
    assert len(harness.asked) > asked


def test_each_seed_is_given_out_once(harness: Harness) -> None:
    harness.grade(REFERENCE, 4)
    harness.until_ready()
    first = [harness.take() for _ in range(3)]
    assert harness.runner.run(harness.grader.take_seed(harness.problem)) is None
    harness.grade(REFERENCE, 4)
    harness.until_ready()
    second = [harness.take() for _ in range(3)]
    assert len({*first, *second}) == 6


def test_a_wrong_answer_to_a_fresh_case_is_refused_as_ever(harness: Harness) -> None:
    harness.grade(REFERENCE, 4)
    harness.until_ready()
    lasting = [check.call.arguments[0] for check in checks_of(harness.problem, Mode.SUBMIT, fresh_seed=None)]
    wrong = f"def shift(seed, x):\n    if seed not in {lasting}:\n        return x * 0 - 1"
    verdict = harness.grade(REFERENCE.replace("def shift(seed, x):", wrong), harness.take())
    assert verdict.outcome is Outcome.WRONG_VALUE
    assert [case.name for case in verdict.cases if case.outcome is Outcome.WRONG_VALUE] == ["short-fresh-1"]
