"""A look is bounded by what its children compute, and says where that has cut it short."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from app.errors import ReferenceFailed
from app.grading.diagnose.budget import Budget
from sandbox.interface import Ending, RunRequest, RunResult, SandboxError, Starved
from sandbox.limits import Limits

pytestmark = pytest.mark.anyio

_REQUEST = RunRequest(code="", parameters=(), calls=())
_LIMITS = Limits(cpu_seconds=40.0, compile_seconds=30.0)


def _ending(ending: Ending, cpu_seconds: float) -> Callable[..., Awaitable[RunResult]]:
    """A run that ends so; what it was allowed stands in its message."""

    async def run(request: RunRequest, *, limits: Limits) -> RunResult:
        return RunResult(
            ending=ending,
            message=f"{limits.cpu_seconds:g} {limits.compile_seconds:g}",
            loaded=None,
            calls=(),
            stdout="",
            stderr="",
            wall_seconds=1000.0,
            cpu_seconds=cpu_seconds,
            peak_memory_bytes=1,
        )

    return run


@pytest.mark.parametrize(
    ("seconds", "allowed"), [(20.0, "20 0"), (50.0, "40 10"), (600.0, "40 30"), (float("inf"), "40 30")]
)
async def test_a_run_gets_what_is_left_and_no_more_than_its_problem_allows(
    seconds: float, allowed: str
) -> None:
    run = Budget(seconds).bounding(_ending(Ending.FINISHED, 1.0))
    assert (await run(_REQUEST, limits=_LIMITS)).message == allowed


async def test_what_one_run_has_taken_the_next_one_has_not() -> None:
    """By processor time: that it took a thousand seconds on the clock of a busy machine costs nothing."""
    budget = Budget(20.0)
    run = budget.bounding(_ending(Ending.FINISHED, 15.0))
    await run(_REQUEST, limits=_LIMITS)
    assert not budget.was_cut_short
    assert (await run(_REQUEST, limits=_LIMITS)).message == "5 0"


@pytest.mark.parametrize(
    ("seconds", "ending", "cut_short"),
    [
        (20.0, Ending.FINISHED, False),
        (20.0, Ending.TIME_LIMIT, True),
        (60.0, Ending.TIME_LIMIT, True),
        # By the problem's own limit, as it would be each time.
        (70.0, Ending.TIME_LIMIT, False),
        (20.0, Ending.MEMORY_LIMIT, False),
    ],
)
async def test_a_run_that_might_have_told_more_is_one_that_was_cut_short(
    seconds: float, ending: Ending, cut_short: bool
) -> None:
    budget = Budget(seconds)
    await budget.bounding(_ending(ending, 3.0))(_REQUEST, limits=_LIMITS)
    assert budget.was_cut_short is cut_short


async def _sleep_for_ever() -> str:
    await asyncio.Event().wait()
    return "never"


async def _raise(fault: Exception) -> str:
    raise fault


@pytest.mark.parametrize(
    "step",
    [
        _sleep_for_ever,
        lambda: _raise(ReferenceFailed("it does not run")),
        lambda: _raise(SandboxError("it broke")),
        lambda: _raise(Starved("too busy")),
    ],
)
async def test_a_step_that_does_not_come_to_its_end_costs_the_explanation_only(step: Any) -> None:
    budget = Budget(0.01)
    assert await budget.within(step(), "nothing") == "nothing"
    assert budget.was_cut_short


async def test_without_a_bound_a_step_is_waited_for() -> None:
    budget = Budget(float("inf"))
    assert await budget.within(asyncio.sleep(0, "found"), "nothing") == "found"
    assert not budget.was_cut_short
