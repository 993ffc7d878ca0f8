"""Whether the reference gives the same answers twice, within the problem's own limits: asked before all else.

Whatever else a proof says rests on these answers, so what is wrong with them is told alone, and ends it.
"""

from collections.abc import Sequence

import msgspec

from app.core.problem import Limits as ProblemLimits
from app.core.problem import Problem
from app.grading.grader import Grader
from app.grading.plan.checks import Check
from app.grading.plan.request import limits_for, plan_calls, request_for
from app.grading.prove.reasons import Fault, Reason
from sandbox.interface import Ending, Raised, RunResult
from sandbox.limits import Limits

_FILE = "reference.py"
_MESSAGE_LIMIT = 300
_LEAST_SECONDS = 10.0
"""So much processor time a reference is given whatever its problem allows: the figure that a limit needs is
told rather than that it was met, where it is not much larger."""


class FirstLook(msgspec.Struct, frozen=True, kw_only=True):
    """Two runs of the reference, the second with its programs at hand, or the fault that ended one."""

    runs: tuple[RunResult, ...] = ()
    fault: Fault | None = None


async def look_first(problem: Problem, grader: Grader, checks: Sequence[Check]) -> FirstLook:
    """Run the reference twice as a learner's submission would be, in two fresh jails.

    Raises:
        SandboxError: the jail broke.
    """
    request = request_for(problem, problem.reference, checks)
    runs = []
    for _ in range(2):
        run = await grader.answers.run_anew(request, limits=patient_limits(problem))
        if fault := _fault(run, checks, problem.manifest.limits):
            return FirstLook(fault=fault)
        runs.append(run)
    return FirstLook(runs=tuple(runs))


def patient_limits(problem: Problem) -> Limits:
    """Return what a learner's run may use, with a little more time than a very small limit gives."""
    limits = limits_for(problem)
    return msgspec.structs.replace(
        limits,
        cpu_seconds=max(limits.cpu_seconds, _LEAST_SECONDS),
        compile_seconds=max(limits.compile_seconds, _LEAST_SECONDS),
        wall_seconds=max(limits.wall_seconds, 2 * _LEAST_SECONDS),
    )


def _fault(run: RunResult, checks: Sequence[Check], limits: ProblemLimits) -> Fault | None:
    loaded = run.loaded
    if loaded is not None and loaded.refusal is not None:
        line = _last_line(loaded.raised) or loaded.line
        return _failed(f"{_place(line)}: it does not load: {_first_line(loaded.message)}")
    plan = plan_calls(checks)
    for check, call in zip(checks, plan.by_check(run.calls), strict=False):
        if call.raised is not None:
            said = f"{call.raised.type}: {_first_line(call.raised.message)}"
            return _failed(f"{_place(_last_line(call.raised))}: it raises in {check.name}: {said}")
    if run.ending is Ending.FINISHED:
        return None
    where = f"{_place(run.line)}: " if run.line else ""
    unanswered = [
        check.name for check, call in zip(checks, plan.places, strict=True) if call >= len(run.calls)
    ]
    name = unanswered[0] if unanswered else checks[-1].name
    if run.ending is Ending.TIME_LIMIT:
        allowed = (
            f"[limits] has cpu_seconds = {limits.cpu_seconds:g}, "
            f"compile_seconds = {limits.seconds_to_compile:g}, idle_seconds = {limits.idle_seconds:g}"
        )
        message = f"{where}the reference does not end: it was ended in {name} by {_limit(run)} ({allowed})"
        return Fault(reason=Reason.TIME_LIMIT_TOO_SMALL, message=message)
    message = f"{where}the reference ends as {run.ending} in {name}: {_limit(run)}"
    return Fault(reason=Reason.REFERENCE_REFUSED, message=message)


def _failed(message: str) -> Fault:
    return Fault(reason=Reason.REFERENCE_FAILS, message=message)


def _place(line: int | None) -> str:
    return _FILE if line is None else f"{_FILE}:{line}"


def _last_line(raised: Raised | None) -> int | None:
    return raised.frames[-1].line if raised is not None and raised.frames else None


def _first_line(message: str) -> str:
    return message.split("\n", 1)[0][:_MESSAGE_LIMIT]


def _limit(run: RunResult) -> str:
    """Return the limit that was met, without its line, which stands in front."""
    return _first_line(run.message).partition(", at line ")[0]
