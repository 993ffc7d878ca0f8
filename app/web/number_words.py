"""Numbers, times and printed text as a page shows them."""

import math
import re
from datetime import datetime

# Escape sequences: colours, cursor moves, window titles.
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_PLAIN_FROM, _PLAIN_BELOW = 0.01, 99.5
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def error_size(value: float | None) -> str:
    """Two digits, with a power of ten where it is far from 1: `0.93`, `1.2e-7`; a dash where not known."""
    if value is None:
        return "–"
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    if _PLAIN_FROM <= abs(value) < _PLAIN_BELOW:
        return f"{value:.2g}"
    digits, _, power = f"{value:.1e}".partition("e")
    return f"{digits}e{int(power)}"


def duration(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s"


def span(seconds: float) -> str:
    """How long something lasts, in its largest whole unit: `4 s`, `12 min`, `3 h`, `5 d`."""
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"


def percent(fraction: float) -> str:
    """Rounded, but only a full score reads 100 %, and only none at all 0 %."""
    if fraction in (0.0, 1.0):
        return f"{fraction * 100:.0f} %"
    return f"{min(max(round(fraction * 100), 1), 99)} %"


def moment(time: datetime) -> str:
    return f"{time:%-d %b %Y, %H:%M} UTC"


def plain_text(printed: str) -> str:
    """What a program printed, without terminal control; a carriage return starts its line anew."""
    lines = _ANSI.sub("", printed).replace("\r\n", "\n").split("\n")
    return "\n".join(_CONTROL.sub("", line.rstrip("\r").rpartition("\r")[2]) for line in lines)
