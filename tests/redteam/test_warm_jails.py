"""Waiting jails: quick for a learner who tries again, and no way to change any verdict."""

from collections.abc import Awaitable, Callable

import pytest

from app.core.outcome import Outcome
from app.grading.plan.request import warm_jail_key
from tests.redteam.classroom import Classroom, until
from tests.support.toy_problem import REFERENCE

pytestmark = pytest.mark.jail

_WRONG = REFERENCE.replace("x + self.shift", "x - self.shift")
_POISON = (
    "import jax.numpy as jnp, jax\n"
    "jax.config.update('jax_enable_x64', True)\n"
    "jnp.asarray = lambda *a: 1 / 0\n"
)


@pytest.fixture
def ordinary_runs(classroom: Classroom, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The code of every run that was not in a waiting jail."""
    seen: list[str] = []
    run: Callable[..., Awaitable[object]] = classroom.sandbox.run

    async def counted(request: object, **rest: object) -> object:
        seen.append(request.code)  # type: ignore[attr-defined]
        return await run(request, **rest)

    monkeypatch.setattr(classroom.sandbox, "run", counted)
    return seen


def test_the_next_submission_is_graded_in_the_waiting_jail(
    classroom: Classroom, ordinary_runs: list[str]
) -> None:
    """A wrong try is what the right one is pre-warmed on."""
    assert classroom.grade(_WRONG).outcome is Outcome.WRONG_VALUE
    classroom.until_one_waits()
    ordinary_runs.clear()
    assert classroom.grade(REFERENCE).outcome is Outcome.ACCEPTED
    assert ordinary_runs == []


def test_what_fails_in_a_waiting_jail_is_run_again(classroom: Classroom, ordinary_runs: list[str]) -> None:
    """So a failure is never due to what was pre-warmed."""
    classroom.grade(REFERENCE)
    classroom.until_one_waits()
    ordinary_runs.clear()
    assert classroom.grade(_WRONG).outcome is Outcome.WRONG_VALUE
    assert ordinary_runs == [_WRONG]


def test_yesterdays_poison_does_not_fail_todays_code(classroom: Classroom, ordinary_runs: list[str]) -> None:
    """The waiting jail's JAX is broken by the learner's own code; the right code is accepted all the same."""
    classroom.grade(_POISON + "def shift(seed, x):\n    return x")
    classroom.until_one_waits()
    ordinary_runs.clear()
    assert classroom.grade(REFERENCE).outcome is Outcome.ACCEPTED
    assert ordinary_runs == [REFERENCE]


def test_only_ones_own_code_prewarms(classroom: Classroom, ordinary_runs: list[str]) -> None:
    """Another learner's first submission starts from an untouched jail."""
    classroom.grade(_POISON + "def shift(seed, x):\n    return x", learner="mallory")
    classroom.until_one_waits("mallory")
    ordinary_runs.clear()
    assert not classroom.waits("grace")
    assert classroom.grade(REFERENCE, learner="grace").outcome is Outcome.ACCEPTED
    assert ordinary_runs == [REFERENCE]


def test_what_was_printed_in_prewarming_is_not_shown(classroom: Classroom) -> None:
    classroom.grade("print('yesterday')\n" + REFERENCE)
    classroom.until_one_waits()
    assert classroom.grade("print('today')\n" + REFERENCE).stdout == "today\n"


def test_code_that_never_ends_does_not_wait(classroom: Classroom) -> None:
    assert classroom.grade("while True: pass").outcome is Outcome.TIME_LIMIT
    assert not classroom.sandbox.warm_pool._planned


def test_the_least_recently_used_jail_goes_first(classroom: Classroom) -> None:
    """The number of waiting jails is bounded by the setting."""
    learners = ("ada", "bob", "eve", "kim", "lou")
    for count, learner in enumerate(learners, start=1):
        classroom.grade(REFERENCE, learner=learner)
        classroom.until_one_waits(learner)
        assert len(classroom.sandbox.waiting_pids) == min(count, 4)
    assert [classroom.waits(learner) for learner in learners] == [False, True, True, True, True]


def test_without_a_name_nothing_is_prewarmed(classroom: Classroom) -> None:
    classroom.grade(REFERENCE, learner=None)
    assert not classroom.sandbox.warm_pool._planned
    assert not classroom.sandbox.waiting_pids


def test_jails_that_wait_go_when_memory_is_short(
    classroom: Classroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    for learner in ("ada", "bob"):
        classroom.grade(REFERENCE, learner)
        classroom.until_one_waits(learner)
    warm_pool = classroom.sandbox.warm_pool
    answers = iter([False, True])  # Short once: the least recently used goes, and then there is enough.
    monkeypatch.setattr(warm_pool, "_has_capacity", lambda: next(answers, True))
    classroom.runner.run(warm_pool._free_space())
    assert (classroom.waits("ada"), classroom.waits("bob")) == (False, True)
    refusals = 0

    def has_capacity() -> bool:
        nonlocal refusals
        refusals += not classroom.waits("bob")
        return False

    monkeypatch.setattr(warm_pool, "_has_capacity", has_capacity)
    classroom.grade(REFERENCE, "cyd")
    # Asked once more when bob's is gone: that is where one for cyd would have been made.
    classroom.runner.run(until(lambda: refusals > 0))
    assert list(warm_pool._planned) == [warm_jail_key(classroom.problem, "cyd")]
    assert not classroom.sandbox.waiting_pids
