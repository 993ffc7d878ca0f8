"""Which calls answer a list of items: one that only looks at parameters shares its case's call."""

from collections.abc import Sequence

import msgspec

from app.grading.plan.checks import GradedItem, ItemKind
from sandbox.interface import Call, CallResult


class CallPlan(msgspec.Struct, frozen=True, kw_only=True):
    """`places` says for each item which of `calls` answers it."""

    calls: tuple[Call, ...]
    places: tuple[int, ...]

    def by_item(self, results: Sequence[CallResult]) -> tuple[CallResult, ...]:
        """What the items got, in their order, up to the first one whose call has not ended."""
        answered: list[CallResult] = []
        for item, place in enumerate(self.places):
            if place >= len(results):
                break
            answered.append(msgspec.structs.replace(results[place], index=item))
        return tuple(answered)


def plan_calls(items: Sequence[GradedItem]) -> CallPlan:
    """The items' calls in order, without those that would only repeat an earlier one.

    A parameters probe asks for nothing but a look at the module while its case's own call builds it.
    """
    calls: list[Call] = []
    places: list[int] = []
    plain: dict[tuple[object, ...], int] = {}
    for item in items:
        same = (item.call.function, item.call.arguments, item.call.program, item.call.is_quiet)
        if item.kind is ItemKind.PARAMETERS and same in plain:
            place = plain[same]
            calls[place] = msgspec.structs.replace(calls[place], module=item.call.module)
        else:
            place = len(calls)
            calls.append(item.call)
            if item.kind in (ItemKind.VALUE, ItemKind.ACCURACY):
                plain[same] = place
        places.append(place)
    return CallPlan(calls=tuple(calls), places=tuple(places))
