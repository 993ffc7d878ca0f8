"""The filters of templates: numbers, times, expected beside given, printed text, code in sentences."""

import math
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from markupsafe import Markup

from app.core.verdict import CaseResult, Difference, Number

# Escape sequences: colours, cursor moves, window titles.
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_PLAIN_FROM, _PLAIN_BELOW = 0.01, 99.5
_DIGITS = (6, 9, 12, 17)
"""Digits to round to: the fewest that show that two numbers differ."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_CODE = re.compile(r"`([^`\n]+)`")


def error_size(value: float | None) -> str:
    """Round to two digits, with a power of ten far from 1: `0.93`, `1.2e-7`; a dash where not known."""
    if value is None:
        return "–"
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    if _PLAIN_FROM <= abs(value) < _PLAIN_BELOW:
        return f"{value:.2g}"
    digits, _, power = f"{value:.1e}".partition("e")
    return f"{digits}e{int(power)}"


def duration(seconds: float | None) -> str:
    """Write a time that was measured: `51 ms`, `1.3 s`; a dash where not known."""
    if seconds is None:
        return "–"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s"


def span(seconds: float) -> str:
    """Write how long something lasts, in its largest whole unit: `4 s`, `12 min`, `3 h`, `5 d`."""
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"


def percent(fraction: float) -> str:
    """Round a fraction, so that only a full score reads 100 %, and only none at all 0 %."""
    if fraction in (0.0, 1.0):
        return f"{fraction * 100:.0f} %"
    return f"{min(max(round(fraction * 100), 1), 99)} %"


def moment(time: datetime) -> str:
    """Write a time in UTC: `4 Mar 2026, 05:06 UTC`."""
    return f"{time:%-d %b %Y, %H:%M} UTC"


def number_pair(difference: Difference) -> tuple[str, str]:
    """Write both numbers, with as many digits as it takes to see that they differ."""
    pairs = [
        (
            _number(difference.expected, difference.expected_imaginary, digits),
            _number(difference.got, difference.got_imaginary, digits),
        )
        for digits in _DIGITS
    ]
    return next((pair for pair in pairs if pair[0] != pair[1]), pairs[-1])


def differences_words(result: CaseResult) -> str:
    """Say which of all numbers that differ are listed."""
    listed, all_of_them = len(result.differences), result.mismatched or 0
    if listed >= all_of_them:
        return "The number that differs" if listed == 1 else f"The {listed} numbers that differ"
    return f"The first {listed} of {all_of_them} numbers that differ"


def index(at: tuple[int, ...]) -> str:
    """Write an index as Python does: `[2, 0]`."""
    return f"[{', '.join(map(str, at))}]"


def repeats_words(cases: Sequence[CaseResult]) -> str:
    """Say what the rows are whose names end with `-again` and `-fresh-1`; nothing where there are none."""
    repeats = [row.name for row in cases if row.group and row.group != row.name]
    again = next((name for name in repeats if name.endswith("-again")), "")
    fresh = next((name for name in repeats if not name.endswith("-again")), "")
    said = [
        f"`{again}` is the same call made once more, after the others" if again else "",
        f"`{fresh}` is its case with numbers that were drawn anew for this submission" if fresh else "",
    ]
    together = "; ".join(filter(None, said))
    return f"{together}. Such rows count together with their case, once." if together else ""


def _number(real: Number | None, imaginary: float | None, digits: int) -> str:
    if real is None:
        return "not finite"
    if imaginary is None:
        return _real(real, digits)
    sign = "" if str(imaginary).startswith("-") else "+"
    return f"{_real(real, digits)}{sign}{_real(imaginary, digits)}j"


def _real(value: Number, digits: int) -> str:
    if not isinstance(value, float):
        return str(value)
    mantissa, e, power = f"{value:.{digits}g}".partition("e")
    return f"{mantissa}e{int(power)}" if e else mantissa


def plain_text(printed: str) -> str:
    """Take terminal control out of what was printed; a carriage return starts its line anew."""
    lines = _ANSI.sub("", printed).replace("\r\n", "\n").split("\n")
    return "\n".join(_CONTROL.sub("", line.rstrip("\r").rpartition("\r")[2]) for line in lines)


def with_code(sentence: str) -> Markup:
    """Escape a sentence of the grader, with what stands in backticks as `<code>`."""
    # Every second part is what the pattern caught.
    parts = _CODE.split(plain_text(sentence))
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else part for number, part in enumerate(parts)
    )


FILTERS: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        differences_words,
        duration,
        error_size,
        index,
        moment,
        number_pair,
        percent,
        plain_text,
        repeats_words,
        span,
        with_code,
    )
}
