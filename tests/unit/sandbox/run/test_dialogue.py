"""Reports out of turn, and reports of a call that would carry a hidden case's values out."""

import numpy as np
import pytest

from sandbox.arrays import pack_array
from sandbox.interface import (
    Call,
    CallResult,
    Finished,
    ForbiddenUse,
    Frame,
    Loaded,
    Prewarmed,
    Raised,
    Refusal,
    Report,
    RunRequest,
    Traced,
)
from sandbox.protocol import Make, Stop, Trace
from sandbox.run.dialogue import Dialogue, plausible
from sandbox.wire import BadFrame

_CODE = "one\ntwo\nthree\n"


def _reported(report: CallResult) -> CallResult:
    return plausible(report, _CODE, elapsed_seconds=1.5)


@pytest.mark.parametrize(
    ("claimed", "reported"),
    [(0.1234567, 0.1234567), (-54.8, 0.0), (1e300, 1.5), (float("nan"), 1.5), (float("-inf"), 1.5)],
)
def test_a_time_is_one_that_can_have_passed(claimed: float, reported: float) -> None:
    assert _reported(CallResult(index=0, wall_seconds=claimed)).wall_seconds == reported


@pytest.mark.parametrize("line", [-1, 6947396429405038055, 5])
def test_a_line_that_the_text_does_not_have_is_none(line: int) -> None:
    frames = (Frame(line=3, function="", text=""), Frame(line=line, function="", text=""))
    raised = Raised(type="ValueError", message="", frames=frames)
    report = CallResult(index=0, wall_seconds=0, raised=raised, forbidden=ForbiddenUse(name="", line=line))
    reported = _reported(report)
    assert reported.raised is not None
    assert reported.forbidden is not None
    assert [frame.line for frame in reported.raised.frames] == [3]
    assert reported.forbidden.line is None


_REQUEST = RunRequest(
    code=_CODE, parameters=(), calls=tuple(Call(function=name, arguments=()) for name in ("f", "g"))
)
_LOADED, _FINISHED = Loaded(), Finished(wall_seconds=1.0)
_FIRST, _SECOND = (CallResult(index=index, wall_seconds=0.0) for index in (0, 1))


def test_each_call_is_ordered_after_the_report_on_the_one_before() -> None:
    dialogue = Dialogue(_REQUEST)
    orders = []
    for report in (_LOADED, _FIRST, _SECOND):
        dialogue.take(report)
        orders.append(dialogue.next_order())
    assert orders == [
        Make(index=0, call=_REQUEST.calls[0]),
        Make(index=1, call=_REQUEST.calls[1]),
        Stop(),
    ]
    dialogue.take(_FINISHED)
    assert (dialogue.loaded, dialogue.calls, dialogue.finished) == (_LOADED, [_FIRST, _SECOND], _FINISHED)


def test_of_a_hidden_call_a_time_is_a_step() -> None:
    calls = tuple(Call(function="f", arguments=(), is_hidden=hidden) for hidden in (False, True))
    dialogue = Dialogue(RunRequest(code=_CODE, parameters=(), calls=calls))
    has_hidden = []
    reports: list[Report] = [_LOADED, *(CallResult(index=index, wall_seconds=1e-9) for index in (0, 1))]
    for report in reports:
        dialogue.take(report)
        has_hidden.append(dialogue.has_hidden_calls)
    assert has_hidden == [False, True, True]
    assert [call.wall_seconds for call in dialogue.calls] == [1e-9, 0.01]


def test_nothing_is_called_of_what_was_refused() -> None:
    dialogue = Dialogue(_REQUEST)
    dialogue.take(Loaded(refusal=Refusal.SYNTAX_ERROR))
    assert dialogue.next_order() == Stop()


@pytest.mark.parametrize(
    "reports",
    [
        [_FIRST],
        [_FINISHED],
        [Prewarmed()],
        [_LOADED, _LOADED],
        [_LOADED, _SECOND],
        [_LOADED, _FIRST, _FIRST],
        [_LOADED, _FIRST, _FINISHED],
        [_LOADED, _FIRST, _SECOND, CallResult(index=2, wall_seconds=0.0)],
        [_LOADED, _FIRST, _SECOND, _FINISHED, _FINISHED],
    ],
)
def test_a_report_out_of_turn_is_refused(reports: list[Report]) -> None:
    """Whatever came before it, in its turn, is taken."""
    dialogue = Dialogue(_REQUEST)
    for report in reports[:-1]:
        dialogue.take(report)
    with pytest.raises(BadFrame):
        dialogue.take(reports[-1])


_ARRAY = pack_array(np.ones((2, 3), np.float32))
_UNSEEN = Call(function="f", arguments=(2.0, _ARRAY, _ARRAY), mode="transforms", unseen=(1,))


def test_values_come_when_the_call_was_traced_without_them() -> None:
    """Those that come last alone, of the same shape; and no result is taken before."""
    request = RunRequest(code=_CODE, parameters=(), calls=(_UNSEEN,))
    dialogue = Dialogue(request)
    dialogue.take(_LOADED)
    blank = pack_array(np.zeros((2, 3), np.float32))
    traced = Call(function="f", arguments=(2.0, blank, _ARRAY), mode="transforms", unseen=(1,))
    assert dialogue.next_order() == Trace(index=0, call=traced)
    with pytest.raises(BadFrame):
        dialogue.take(_FIRST)
    dialogue.take(Traced(index=0))
    assert dialogue.next_order() == Make(index=0, call=_UNSEEN)
    with pytest.raises(BadFrame):
        dialogue.take(Traced(index=0))
    dialogue.take(_FIRST)
    assert dialogue.calls == [_FIRST]


def test_a_use_that_was_noted_is_reported_whatever_the_child_says() -> None:
    used: list[ForbiddenUse] = []
    dialogue = Dialogue(_REQUEST, lambda: used[0] if used else None)
    dialogue.take(_LOADED)
    dialogue.take(_FIRST)
    used.append(ForbiddenUse(name="jnp.matmul", line=2))
    dialogue.take(_SECOND)
    assert [call.forbidden for call in dialogue.calls] == [None, used[0]]
    at_load = Dialogue(_REQUEST, lambda: used[0])
    at_load.take(_LOADED)
    assert at_load.loaded is not None
    assert (at_load.loaded.refusal, at_load.loaded.line) == (Refusal.FORBIDDEN_NAME, 2)
    assert at_load.next_order() == Stop()
