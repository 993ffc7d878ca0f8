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
    pairs: frozenset[int] = frozenset()
    """The checks that two calls answer; `places` has the second."""

    def by_check(self, results: Sequence[CallResult]) -> tuple[CallResult, ...]:
        """Return what each check got, in their order, up to the first one whose call has not ended."""
        answered: list[CallResult] = []
        for check, place in enumerate(self.places):
            if place >= len(results):
                break
            found = results[place]
            if check in self.pairs:
                found = _together(results[place - 1], found)
            answered.append(msgspec.structs.replace(found, index=check))
        return tuple(answered)


def plan_calls(checks: Sequence[Check]) -> CallPlan:
    """Return the checks' calls in order, without those that would only repeat an earlier one.

    A probe of nothing but the parameters looks at the module while its case's own call builds it.
    """
    calls: list[Call] = []
    places: list[int] = []
    pairs: list[int] = []
    plain: dict[tuple[object, ...], int] = {}
    for check in checks:
        same = (check.call.function, check.call.arguments, check.call.program, check.call.is_hidden)
        if check.about is About.PARAMETERS and same in plain:
            place = plain[same]
            calls[place] = msgspec.structs.replace(calls[place], module=check.call.module)
        elif check.probe is not None and check.probe.is_called_twice:
            calls += [check.call, check.call]
            place = len(calls) - 1
            pairs.append(len(places))
        else:
            place = len(calls)
            calls.append(check.call)
            if check.call.mode == CallMode.PLAIN and check.call.module is None and not check.repeats:
                plain[same] = place
        places.append(place)
    return CallPlan(calls=tuple(calls), places=tuple(places), pairs=frozenset(pairs))


def _together(first: CallResult, second: CallResult) -> CallResult:
    """Return two calls as one: the arrays of both, or what either ended with."""
    ended = [one for one in (first, second) if one.raised or one.forbidden or one.not_an_array]
    if ended:
        return ended[0]
    seconds = first.wall_seconds + second.wall_seconds
    if not (first.arrays and second.arrays):
        return second if first.arrays else first
    named = {
        f"{turn}.{name}" if name else turn: array
        for turn, one in (("first", first), ("second", second))
        for name, array in one.arrays.items()
    }
    return msgspec.structs.replace(second, wall_seconds=seconds, arrays=named)


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


BEHIND_PAGES = 4
"""The niceness of what a learner waits for: pages, which take milliseconds, come first."""


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
        niceness=BEHIND_PAGES,
    )


def compartment(problem: Problem) -> str:
    """Name the part of the compilation cache that belongs to one version of one problem."""
    return problem.version[:32]


def warm_jail_key(problem: Problem, learner: str) -> str:
    """Name the jails that one learner's code may have warmed, on one version of one problem."""
    return hashlib.sha256(f"{problem.version}\0{learner}".encode()).hexdigest()
