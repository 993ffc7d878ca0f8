"""A reference under other conditions, and right solutions from nothing, each in a fresh jail."""

from collections.abc import Mapping, Sequence

import msgspec

from app.core.problem import Problem
from app.grading.answer import named_arrays
from app.grading.plan.calls import plan_calls
from app.grading.plan.checks import GradedItem, ItemKind
from app.grading.plan.request import request_for
from app.grading.prove.distance import Arrays
from app.grading.reference.outputs import TrustedAnswers
from sandbox.interface import CallResult, Ending, RunResult, Way

_WAYS = (Way.JIT, Way.UNOPTIMISED, Way.DOUBLE, Way.BFLOAT16)
_MESSAGE_LIMIT = 300


class Conditions(msgspec.Struct, frozen=True, kw_only=True):
    """The reference's answers by item, under each condition under which it gave one."""

    by_way: Mapping[Way, Mapping[str, Arrays]]
    other_seed: Mapping[str, Arrays]
    untraced: str = ""
    """Why calls could not be made otherwise than plainly, for the first of them."""


def has_numbers(item: GradedItem) -> bool:
    """Whether the item is a plain call whose numbers are compared."""
    return item.kind in (ItemKind.VALUE, ItemKind.CHECKPOINT) and item.call.way is Way.PLAIN


async def run_conditions(
    problem: Problem,
    answers: TrustedAnswers,
    items: Sequence[GradedItem],
    reseeded: Mapping[str, GradedItem],
) -> Conditions:
    """All of it in one run; where that does not come to its end, what it gave until then.

    Raises:
        SandboxError: the jail broke.
    """
    asked = [(way, item) for way in _WAYS for item in items if has_numbers(item)]
    seeded = [item for item in reseeded.values() if has_numbers(item)]
    calls = [msgspec.structs.replace(item.call, way=way) for way, item in asked]
    request = msgspec.structs.replace(
        request_for(problem, problem.reference, items),
        calls=(*calls, *(item.call for item in seeded)),
    )
    result = await answers.run_anew(request)
    by_way: dict[Way, dict[str, Arrays]] = {way: {} for way in _WAYS}
    untraced = ""
    for (way, item), call in zip(asked, result.calls, strict=False):
        if arrays := named_arrays(call.value, call.parts):
            by_way[way][item.name] = arrays
        else:
            untraced = untraced or f"{item.name}, {way}: {_failure(call)}"
    if result.ending is not Ending.FINISHED:
        untraced = untraced or f"the run ended early: {result.message}"
    plain = result.calls[len(asked) :]
    other_seed = {
        item.name: arrays
        for item, call in zip(seeded, plain, strict=False)
        if (arrays := named_arrays(call.value, call.parts))
    }
    return Conditions(by_way=by_way, other_seed=other_seed, untraced=untraced)


async def run_cold(
    problem: Problem, code: str, answers: TrustedAnswers, items: Sequence[GradedItem]
) -> RunResult:
    """What a submission of `code` does, with nothing taken from the compilation cache.

    Raises:
        SandboxError: the jail broke.
    """
    return await answers.run_anew(msgspec.structs.replace(request_for(problem, code, items), cache_key=""))


async def differing(
    problem: Problem, answers: TrustedAnswers, items: Sequence[GradedItem], first: RunResult
) -> tuple[str, ...]:
    """The items that a second run of the reference answers with other bits than `first`.

    The second one takes its programs from the compilation cache, as a learner's may.

    Raises:
        SandboxError: the jail broke.
    """
    second = await answers.run_anew(request_for(problem, problem.reference, items))
    plan = plan_calls(items)
    one, other = plan.by_item(first.calls), plan.by_item(second.calls)
    return tuple(
        item.name
        for place, item in enumerate(items)
        if place >= min(len(one), len(other)) or _bits(item, one[place]) != _bits(item, other[place])
    )


def _bits(item: GradedItem, call: CallResult) -> tuple[object, ...]:
    if item.kind is ItemKind.PARAMETERS:
        return (call.parameters,)
    return call.value, call.parts


def _failure(call: CallResult) -> str:
    if call.raised is None:
        return call.not_an_array and f"it returned {call.not_an_array}"
    first_line = call.raised.message.split("\n", 1)[0][:_MESSAGE_LIMIT]
    return f"{call.raised.type}: {first_line}"
