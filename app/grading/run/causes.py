"""One cause is told once: rows that end for a reason that stands above them only name the row that has it."""

from collections.abc import Hashable

import msgspec

from app.core.verdict import CaseResult
from app.grading.check.case_result import without_details
from app.grading.plan.checks import Check
from sandbox.interface import CallResult

_OF_ONE_ONLY = "another exception; its type and line are said of one hidden case in a submission"


class Causes:
    """Remembers why the rows of a run ended, in their order.

    Type and line of an exception are said of one hidden row alone: code that knows the values chooses them.
    """

    def __init__(self) -> None:
        self._reported: dict[Hashable, str] = {}
        self._has_hidden_exception = False

    def reported_once(self, check: Check, call: CallResult, found: CaseResult) -> CaseResult:
        """Return the result; where an earlier row has its reason, with that row's name for a message."""
        reasons = _reasons(check, call)
        if not reasons:
            return found
        first = self._reported.get(reasons[0])
        if first is not None:
            found = msgspec.structs.replace(found, message=f"as in `{first}`")
        elif check.call.is_hidden and call.raised is not None and call.forbidden is None:
            if self._has_hidden_exception:
                return msgspec.structs.replace(found, message=_OF_ONE_ONLY)
            self._has_hidden_exception = True
        for reason in reasons:
            self._reported.setdefault(reason, check.name)
        return found


def _reasons(check: Check, call: CallResult) -> list[Hashable]:
    """Return by what the row's end is known again: as closely as it is told, and as hidden rows tell it."""
    if call.forbidden is not None:
        return ["forbidden name"]
    if call.raised is not None:
        hidden = without_details(call.raised)
        as_hidden = (hidden.type, hidden.frames)
        return [as_hidden] if check.call.is_hidden else [(call.raised.message, *as_hidden), as_hidden]
    if check.call.module is not None and call.parameters is None:
        return ["never built"]
    return []
