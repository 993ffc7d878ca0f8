"""A reference under other conditions and with other seeds, and whether two runs of it give equal bits."""

from collections.abc import Mapping, Sequence

import msgspec

from app.core.generators import Argument, Key, Seed, expand_fresh
from app.core.probes.probe import About, DrawingProbe
from app.core.problem import Problem
from app.core.verdict import Mode
from app.grading.compare.distance import Arrays
from app.grading.plan.checks import Check, checks_of
from app.grading.plan.request import plan_calls, request_for
from app.grading.reference.outputs import ReferenceOutputs
from sandbox.interface import CallMode, CallResult, Ending, RunResult

_CALL_MODES = (CallMode.JIT, CallMode.UNOPTIMISED, CallMode.DOUBLE, CallMode.BFLOAT16)
_MESSAGE_LIMIT = 300
_SEEDS = 1 << 32
_OTHER_SEEDS = 7_919
"""Added to every seed, for answers of another one."""


class Conditions(msgspec.Struct, frozen=True, kw_only=True):
    """The reference's answers by check, under each condition under which it gave one."""

    by_mode: Mapping[CallMode, Mapping[str, Arrays]]
    other_seed: Mapping[str, Arrays]
    untraced: str = ""
    """Why calls could not be made otherwise than plainly, for the first of them."""


def has_numbers(check: Check) -> bool:
    """Say whether the check is a plain call whose numbers are compared."""
    return check.has_own_answer and check.call.mode == CallMode.PLAIN


def reseeded_checks(problem: Problem) -> dict[str, Check]:
    """Give each case and checkpoint another seed, by name; leave out those without anything drawn.

    Where a case has a seed argument, that alone changes; else its random arrays do. A checkpoint is handed
    other parameters.
    """
    cases = tuple(
        msgspec.structs.replace(case, arguments=_reseeded(case.arguments, index))
        for index, case in enumerate(problem.manifest.cases)
    )
    probes = tuple(
        probe.reseeded(probe.seed + _OTHER_SEEDS)
        if isinstance(probe, DrawingProbe) and probe.about is About.ANSWER
        else probe
        for probe in problem.manifest.probes
    )
    manifest = msgspec.structs.replace(problem.manifest, cases=cases, probes=probes)
    changed = msgspec.structs.replace(problem, manifest=manifest)
    was = {check.name: check for check in checks_of(problem, Mode.SUBMIT, fresh_seed=None)}
    now = checks_of(changed, Mode.SUBMIT, fresh_seed=None)
    return {check.name: check for check in now if check.call != was[check.name].call}


def _reseeded(arguments: Mapping[str, Argument], index: int) -> dict[str, Argument]:
    if not any(isinstance(argument, Seed | Key) for argument in arguments.values()):
        return expand_fresh(arguments, (_OTHER_SEEDS, index))
    return {
        name: msgspec.structs.replace(argument, seed=(argument.seed + _OTHER_SEEDS) % _SEEDS)
        if isinstance(argument, Seed | Key)
        else argument
        for name, argument in arguments.items()
    }


async def run_conditions(
    problem: Problem,
    answers: ReferenceOutputs,
    checks: Sequence[Check],
    reseeded: Mapping[str, Check],
) -> Conditions:
    """Make all these calls in one run; where it does not come to its end, take what it gave until then.

    Raises:
        SandboxError: the jail broke.
    """
    asked = [(mode, check) for mode in _CALL_MODES for check in checks if has_numbers(check)]
    seeded = [check for check in reseeded.values() if has_numbers(check)]
    calls = [msgspec.structs.replace(check.call, mode=mode) for mode, check in asked]
    request = msgspec.structs.replace(
        request_for(problem, problem.reference, checks),
        calls=(*calls, *(check.call for check in seeded)),
    )
    result = await answers.run_anew(request)
    by_mode: dict[CallMode, dict[str, Arrays]] = {mode: {} for mode in _CALL_MODES}
    untraced = ""
    for (mode, check), call in zip(asked, result.calls, strict=False):
        if arrays := call.arrays:
            by_mode[mode][check.name] = arrays
        else:
            untraced = untraced or f"{check.name}, {mode}: {_failure(call)}"
    if result.ending is not Ending.FINISHED:
        untraced = untraced or f"the run ended early: {result.message}"
    plain = result.calls[len(asked) :]
    other_seed = {
        check.name: arrays for check, call in zip(seeded, plain, strict=False) if (arrays := call.arrays)
    }
    return Conditions(by_mode=by_mode, other_seed=other_seed, untraced=untraced)


def differing(checks: Sequence[Check], first: RunResult, second: RunResult) -> tuple[str, ...]:
    """Name the checks that a second run of the reference answers with other bits than the first."""
    plan = plan_calls(checks)
    one, other = plan.by_check(first.calls), plan.by_check(second.calls)
    return tuple(
        check.name
        for place, check in enumerate(checks)
        if place >= min(len(one), len(other)) or _bits(check, one[place]) != _bits(check, other[place])
    )


def _bits(check: Check, call: CallResult) -> tuple[object, ...]:
    if check.about is About.PARAMETERS:
        return (call.parameters,)
    return (call.arrays,)


def _failure(call: CallResult) -> str:
    if call.raised is None:
        return call.not_an_array and f"it returned {call.not_an_array}"
    first_line = call.raised.message.split("\n", 1)[0][:_MESSAGE_LIMIT]
    return f"{call.raised.type}: {first_line}"
