"""The reference is run before all else, within its problem's limits: what is wrong with it is told alone."""

from types import SimpleNamespace
from typing import Any, cast

import msgspec
import numpy as np
import pytest

from app.core.verdict import Mode
from app.grading.grader import Grader
from app.grading.plan.checks import checks_of
from app.grading.prove.first_look import FirstLook, look_first
from app.grading.prove.prove import prove
from app.grading.prove.reasons import Reason
from sandbox.arrays import pack_array
from sandbox.interface import CallResult, Ending, Frame, Loaded, Raised, Refusal, RunRequest, RunResult
from sandbox.limits import Limits
from tests.support.provable_problem import problem_of, provable_files

_PROBLEM = problem_of(provable_files())
_CHECKS = checks_of(_PROBLEM, Mode.SUBMIT, fresh_seed=1)

pytestmark = pytest.mark.anyio


def _raised(line: int) -> Raised:
    frames = tuple(Frame(line=number, function="f", text="") for number in (3, line))
    return Raised(type="TypeError", message="no\nmore", frames=frames)


def _call(index: int, number: float = 1.0) -> CallResult:
    return CallResult(index=index, wall_seconds=0.1, arrays={"": pack_array(np.array([number]))})


def _run(*calls: CallResult, **changed: Any) -> RunResult:
    run = RunResult(
        ending=Ending.FINISHED,
        message="",
        loaded=Loaded(),
        calls=calls,
        stdout="",
        stderr="",
        wall_seconds=1.0,
        cpu_seconds=1.0,
        peak_memory_bytes=1,
    )
    return msgspec.structs.replace(run, **changed)


class _Answers:
    """Gives these runs, and keeps the limits that were asked for."""

    def __init__(self, *runs: RunResult) -> None:
        self.runs = list(runs)
        self.limits: list[Limits] = []

    async def run_anew(self, request: RunRequest, *, limits: Limits) -> RunResult:
        assert request.code == _PROBLEM.reference
        self.limits.append(limits)
        return self.runs.pop(0)


async def _look(*runs: RunResult) -> tuple[FirstLook, _Answers]:
    answers = _Answers(*runs)
    grader = cast(Grader, SimpleNamespace(answers=answers))
    return await look_first(_PROBLEM, grader, _CHECKS), answers


async def test_a_reference_that_answers_is_run_twice_within_its_problem_s_limits() -> None:
    look, answers = await _look(_run(_call(0)), _run(_call(0)))
    assert look.fault is None
    assert len(look.runs) == 2
    for limits in answers.limits:
        assert (limits.cpu_seconds, limits.wall_seconds) == (20.0, 60.0)


@pytest.mark.parametrize(
    ("run", "reason", "said"),
    [
        (
            _run(
                loaded=Loaded(refusal=Refusal.IMPORT_RAISED, message="TypeError: no", raised=_raised(7)),
                ending=Ending.CRASHED,
            ),
            Reason.REFERENCE_FAILS,
            "reference.py:7: it does not load: TypeError: no",
        ),
        (
            _run(loaded=Loaded(refusal=Refusal.SYNTAX_ERROR, message="invalid syntax", line=4)),
            Reason.REFERENCE_FAILS,
            "reference.py:4: it does not load: invalid syntax",
        ),
        (
            _run(CallResult(index=0, wall_seconds=0.1, raised=_raised(9))),
            Reason.REFERENCE_FAILS,
            "reference.py:9: it raises in one: TypeError: no",
        ),
        (
            _run(ending=Ending.TIME_LIMIT, message="processor time: 20 s, at line 12", line=12),
            Reason.TIME_LIMIT_TOO_SMALL,
            "reference.py:12: the reference does not end: it was ended in one by processor time: 20 s (",
        ),
        (
            _run(_call(0), _call(1), ending=Ending.MEMORY_LIMIT, message="memory: 1024 MB"),
            Reason.REFERENCE_REFUSED,
            "the reference ends as memory_limit in one-again: memory: 1024 MB",
        ),
    ],
)
async def test_what_is_wrong_with_it_is_told_with_its_line(run: RunResult, reason: Reason, said: str) -> None:
    look, answers = await _look(run)
    assert look.fault is not None
    assert look.fault.reason is reason
    assert look.fault.message.startswith(said)
    assert look.fault.remedy
    assert answers.runs == []


async def test_a_very_small_limit_is_not_what_ends_it() -> None:
    """For then the figure that the limit needs can be told."""
    limits = msgspec.structs.replace(_PROBLEM.manifest.limits, cpu_seconds=0.1, wall_seconds=1.0)
    manifest = msgspec.structs.replace(_PROBLEM.manifest, limits=limits)
    problem = msgspec.structs.replace(_PROBLEM, manifest=manifest)
    answers = _Answers(_run(), _run())
    await look_first(problem, cast(Grader, SimpleNamespace(answers=answers)), _CHECKS)
    assert answers.limits[0].cpu_seconds == 10.0


async def test_a_reference_that_does_not_repeat_itself_is_told_first_and_nothing_else_is_run() -> None:
    """All that would follow from it, five faults and more, would only confuse."""
    first = _run(*(_call(index) for index in range(4)))
    second = _run(*(_call(index, 2.0) for index in range(4)))
    grader = cast(Grader, SimpleNamespace(answers=_Answers(first, second)))
    results = [result async for result in prove(_PROBLEM, grader)]
    assert [result.id for result in results] == ["second_inputs", "determinism"]
    assert [fault.reason for result in results for fault in result.faults] == [Reason.NOT_DETERMINISTIC]


async def test_a_reference_that_fails_ends_the_proof() -> None:
    failing = _run(CallResult(index=0, wall_seconds=0.1, raised=_raised(9)))
    grader = cast(Grader, SimpleNamespace(answers=_Answers(failing)))
    results = [result async for result in prove(_PROBLEM, grader)]
    assert [result.id for result in results] == ["second_inputs", "reference"]
