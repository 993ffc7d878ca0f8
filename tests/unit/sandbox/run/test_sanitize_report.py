"""Reports of a call that would carry a hidden case's values out."""

import pytest

from sandbox.interface import CallResult, ForbiddenUse, Frame, Raised
from sandbox.run.sanitize_report import plausible

_CODE = "one\ntwo\nthree\n"


def _told(report: CallResult, *, is_quiet: bool = True) -> CallResult:
    return plausible(report, _CODE, elapsed_seconds=1.5, is_quiet=is_quiet)


@pytest.mark.parametrize(
    ("reported", "told"),
    [(0.1234567, 0.12), (-54.8, 0.0), (1e300, 1.5), (float("nan"), 1.5), (float("-inf"), 1.5)],
)
def test_a_time_is_one_that_can_have_passed(reported: float, told: float) -> None:
    assert _told(CallResult(index=0, wall_seconds=reported)).wall_seconds == told


def test_the_time_of_a_call_that_is_shown_is_told_as_it_is() -> None:
    assert _told(CallResult(index=0, wall_seconds=0.1234567), is_quiet=False).wall_seconds == 0.1234567


@pytest.mark.parametrize("line", [-1, 6947396429405038055, 5])
def test_a_line_that_the_text_does_not_have_is_none(line: int) -> None:
    frames = (Frame(line=3, function="", text=""), Frame(line=line, function="", text=""))
    raised = Raised(type="ValueError", message="", frames=frames)
    report = CallResult(index=0, wall_seconds=0, raised=raised, forbidden=ForbiddenUse(name="", line=line))
    told = _told(report)
    assert told.raised is not None
    assert told.forbidden is not None
    assert [frame.line for frame in told.raised.frames] == [3]
    assert told.forbidden.line is None
