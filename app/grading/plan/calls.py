"""Which calls answer a list of items: one that only looks at parameters shares its case's call."""

from collections.abc import Sequence

import msgspec

from app.grading.plan.checks import Check, CheckKind
from sandbox.interface import Call, CallResult


class CallPlan(msgspec.Struct, frozen=True, kw_only=True):
    """`places` says for each item which of `calls` answers it."""

    calls: tuple[Call, ...]
    places: tuple[int, ...]

    def by_check(self, results: Sequence[CallResult]) -> tuple[CallResult, ...]:
        """What the items got, in their order, up to the first one whose call has not ended."""
        answered: list[CallResult] = []
        for check, place in enumerate(self.places):
            if place >= len(results):
                break
            answered.append(msgspec.structs.replace(results[place], index=check))
        return tuple(answered)


def plan_calls(checks: Sequence[Check]) -> CallPlan:
    """The items' calls in order, without those that would only repeat an earlier one.

    A parameters probe asks for nothing but a look at the module while its case's own call builds it.
    """
    calls: list[Call] = []
    places: list[int] = []
    plain: dict[tuple[object, ...], int] = {}
    for check in checks:
        same = (check.call.function, check.call.arguments, check.call.program, check.call.is_hidden)
        if check.kind is CheckKind.PARAMETERS and same in plain:
            place = plain[same]
            calls[place] = msgspec.structs.replace(calls[place], module=check.call.module)
        else:
            place = len(calls)
            calls.append(check.call)
            if check.kind in (CheckKind.VALUE, CheckKind.ACCURACY):
                plain[same] = place
        places.append(place)
    return CallPlan(calls=tuple(calls), places=tuple(places))
