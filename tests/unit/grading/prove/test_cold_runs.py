"""How long right solutions take from nothing, where the programs that they share are compiled once."""

from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from app.core.verdict import Mode
from app.grading.grader import Grader
from app.grading.plan.checks import checks_of
from app.grading.prove.cold_runs import cold_times, run_reference
from app.grading.prove.margin import TimeTaken, time_figure
from sandbox.interface import Ending, RunRequest, RunResult
from sandbox.limits import Slowdown
from tests.support.provable_problem import problem_of, provable_files

_GATE = problem_of(provable_files())
_PROBLEM = msgspec.structs.replace(_GATE, also_right={"near": "near", "own": "own", "broken": "broken"})
_CHECKS = checks_of(_PROBLEM, Mode.SUBMIT, fresh_seed=1)
_COMPILING = {"near": 0.5, "own": 6.0, "broken": 1.0, _PROBLEM.reference: 8.0}
"""What a solution's own programs take; the others share the reference's."""
_RUNNING = 1.0

pytestmark = pytest.mark.anyio


def _finished(code: str, compiling: float) -> RunResult:
    return RunResult(
        ending=Ending.CRASHED if code == "broken" else Ending.FINISHED,
        message="",
        loaded=None,
        calls=(),
        stdout="",
        stderr="",
        wall_seconds=_RUNNING + compiling,
        cpu_seconds=_RUNNING + compiling,
        compile_seconds=compiling,
        peak_memory_bytes=1,
    )


class _Machine:
    """Keeps which compartments hold the reference's programs; trusted runs write, learners' do not."""

    def __init__(self, slowdown: Slowdown) -> None:
        self.slowdown = slowdown
        self.filled = {_PROBLEM.version[:32]}
        self.alone: list[str] = []

    async def run_anew(self, request: RunRequest) -> RunResult:
        if not request.cache_key:
            self.alone.append(request.code)
            return _finished(request.code, _COMPILING[request.code] + 3.0)
        result = await self.run(request)
        self.filled.add(request.cache_key)
        return result

    async def run(self, request: RunRequest, **_: Any) -> RunResult:
        shared = request.cache_key in self.filled
        own = 0.0 if shared and request.code == _PROBLEM.reference else _COMPILING[request.code]
        return _finished(request.code, own)


async def _measured(compile_seconds: float, slowdown: float = 1.0) -> tuple[dict[str, TimeTaken], _Machine]:
    limits = msgspec.structs.replace(_PROBLEM.manifest.limits, compile_seconds=compile_seconds)
    manifest = msgspec.structs.replace(_PROBLEM.manifest, limits=limits)
    problem = msgspec.structs.replace(_PROBLEM, manifest=manifest)
    machine = _Machine(Slowdown(computing=1.0, compiling=slowdown))
    grader = cast(Grader, SimpleNamespace(answers=machine, sandbox=machine))
    reference = await run_reference(problem, grader, _CHECKS)
    assert reference.cold.cpu_seconds == 9.0
    assert reference.spared(Slowdown()) == TimeTaken(computing=0.0, compiling=8.0)
    return await cold_times(problem, grader, _CHECKS, reference), machine


def _compiling(found: dict[str, TimeTaken]) -> dict[str, float]:
    assert all(taken.computing == _RUNNING for taken in found.values())
    return {name: taken.compiling for name, taken in found.items()}


async def test_where_there_is_time_enough_no_other_solution_is_run_from_nothing() -> None:
    """What the shared programs took is added: more than that it would not have taken."""
    found, machine = await _measured(compile_seconds=60.0)
    assert _compiling(found) == {"reference": 8.0, "near": 8.5, "own": 14.0}
    assert {name for name, taken in found.items() if taken.is_at_most} == {"near", "own"}
    assert machine.alone == []


async def test_one_that_may_take_too_long_is_run_from_nothing() -> None:
    """A bound refuses nobody."""
    found, machine = await _measured(compile_seconds=20.0)
    assert _compiling(found) == {"reference": 8.0, "near": 8.5, "own": 9.0}
    assert {name for name, taken in found.items() if taken.is_at_most} == {"near"}
    assert machine.alone == ["own"]


async def test_on_a_slow_machine_it_takes_no_longer() -> None:
    """Seconds are those of the machine that limits are written for."""
    found, machine = await _measured(compile_seconds=20.0, slowdown=2.0)
    assert _compiling(found) == {"reference": 4.0, "near": 4.25, "own": 7.0}
    assert machine.alone == []


async def test_of_a_bound_the_figure_says_so() -> None:
    found, _ = await _measured(compile_seconds=60.0)
    text = time_figure(found, _PROBLEM.manifest.limits).text
    assert "besides compiling: own, at most 14.0 s" in text
    known = {name: msgspec.structs.replace(taken, is_at_most=False) for name, taken in found.items()}
    assert "at most" not in time_figure(known, _PROBLEM.manifest.limits).text
