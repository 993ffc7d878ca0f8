"""Reports of a call that would carry a hidden case's values out."""

import pytest

from sandbox.interface import CallResult, ForbiddenUse, Frame, Raised
from sandbox.run.dialogue import plausible

_CODE = "one\ntwo\nthree\n"


def _reported(report: CallResult, *, is_hidden: bool = True) -> CallResult:
    return plausible(report, _CODE, elapsed_seconds=1.5, is_hidden=is_hidden)


@pytest.mark.parametrize(
    ("claimed", "reported"),
    [(0.1234567, 0.12), (-54.8, 0.0), (1e300, 1.5), (float("nan"), 1.5), (float("-inf"), 1.5)],
)
def test_a_time_is_one_that_can_have_passed(claimed: float, reported: float) -> None:
    assert _reported(CallResult(index=0, wall_seconds=claimed)).wall_seconds == reported


def test_the_time_of_a_call_that_is_shown_is_told_as_it_is() -> None:
    assert _reported(CallResult(index=0, wall_seconds=0.1234567), is_hidden=False).wall_seconds == 0.1234567


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
