"""A problem and somebody's code → what the sandbox is asked: the calls that answer the checks, and limits."""

import hashlib
from collections.abc import Sequence

import msgspec

from app.core.probes.probe import About
from app.core.problem import Entry, Problem
from app.grading.plan.checks import Check
from sandbox.interface import Call, CallMode, CallResult, Outputs, RunRequest, Structure
from sandbox.limits import Limits


class CallPlan(msgspec.Struct, frozen=True, kw_only=True):
    """`places` says for each check which of `calls` answers it."""

    calls: tuple[Call, ...]
    places: tuple[int, ...]

    def by_check(self, results: Sequence[CallResult]) -> tuple[CallResult, ...]:
        """Return what each check got, in their order, up to the first one whose call has not ended."""
        answered: list[CallResult] = []
        for check, place in enumerate(self.places):
            if place >= len(results):
                break
            answered.append(msgspec.structs.replace(results[place], index=check))
        return tuple(answered)


def plan_calls(checks: Sequence[Check]) -> CallPlan:
    """Return the checks' calls in order, without those that would only repeat an earlier one.

    A probe of nothing but the parameters looks at the module while its case's own call builds it.
    """
    calls: list[Call] = []
    places: list[int] = []
    plain: dict[tuple[object, ...], int] = {}
    for check in checks:
        same = (check.call.function, check.call.arguments, check.call.program, check.call.is_hidden)
        if check.about is About.PARAMETERS and same in plain:
            place = plain[same]
            calls[place] = msgspec.structs.replace(calls[place], module=check.call.module)
        else:
            place = len(calls)
            calls.append(check.call)
            if check.call.mode == CallMode.PLAIN and check.call.module is None and not check.repeats:
                plain[same] = place
        places.append(place)
    return CallPlan(calls=tuple(calls), places=tuple(places))


def request_for(problem: Problem, code: str, checks: Sequence[Check]) -> RunRequest:
    """Ask for `code` on `checks`, as `plan_calls` orders their calls."""
    manifest = problem.manifest
    return RunRequest(
        code=code,
        parameters=manifest.entry.parameters,
        calls=plan_calls(checks).calls,
        outputs=outputs_of(manifest.entry),
        forbidden=manifest.forbidden,
        cache_key=compartment(problem),
    )


def request_of_programs(
    problem: Problem, codes: Sequence[str], calls: Sequence[tuple[Check, int]]
) -> RunRequest:
    """Ask several texts that may trust each other, in one process: each check of that one of `codes`."""
    return msgspec.structs.replace(
        request_for(problem, codes[0], ()),
        more_code=tuple(codes[1:]),
        calls=tuple(msgspec.structs.replace(check.call, program=program) for check, program in calls),
        forbidden=(),
    )


def outputs_of(entry: Entry) -> Outputs:
    """Say to the sandbox what a call should return."""
    named = entry.named_outputs
    return Outputs(
        structure=Structure(entry.structure),
        names=tuple(output.name for output in named),
        dtypes=tuple(output.dtype for output in named),
    )


def limits_for(problem: Problem) -> Limits:
    """Return what a learner's run of this problem may use."""
    limits = problem.manifest.limits
    return Limits(
        wall_seconds=limits.wall_seconds,
        idle_seconds=limits.idle_seconds,
        cpu_seconds=limits.cpu_seconds,
        compile_seconds=limits.seconds_to_compile,
        memory_bytes=limits.memory_mb << 20,
        processes=limits.processes,
        output_bytes=limits.output_kb << 10,
    )


def compartment(problem: Problem) -> str:
    """Name the part of the compilation cache that belongs to one version of one problem."""
    return problem.version[:32]


def warm_jail_key(problem: Problem, learner: str) -> str:
    """Name the jails that one learner's code may have warmed, on one version of one problem."""
    return hashlib.sha256(f"{problem.version}\0{learner}".encode()).hexdigest()
