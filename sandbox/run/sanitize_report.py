"""What a child reports of a call, as far as it can be true.

A hostile process may report any number, and what is told of a hidden call would carry its arguments out:
a line that the text does not have, or a time that is no time.
"""

import math

import msgspec

from sandbox.interface import CallResult

_QUIET_DIGITS = 2


def plausible(report: CallResult, code: str, *, elapsed_seconds: float, is_hidden: bool) -> CallResult:
    """The report with lines of `code` only, and a time that can have passed, rounded where quiet."""
    last = len(code.splitlines()) + 1
    reported = report.wall_seconds
    seconds = min(max(reported, 0.0), elapsed_seconds) if math.isfinite(reported) else elapsed_seconds
    raised, forbidden = report.raised, report.forbidden
    if raised is not None:
        frames = tuple(frame for frame in raised.frames if 0 <= frame.line <= last)
        raised = msgspec.structs.replace(raised, frames=frames)
    if forbidden is not None and forbidden.line is not None and not 0 < forbidden.line <= last:
        forbidden = msgspec.structs.replace(forbidden, line=None)
    return msgspec.structs.replace(
        report,
        wall_seconds=round(seconds, _QUIET_DIGITS) if is_hidden else seconds,
        raised=raised,
        forbidden=forbidden,
    )
