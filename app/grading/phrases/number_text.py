"""A number in a sentence or beside an axis."""

import math

_LONGEST = 22


def number_text(value: object, *, digits: int = 4) -> str:
    """`-0.1234`, `1.2e-07`, `9007199254740993`, `true`, `NaN`, `1+2j`: short, and never of many lines."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value) if len(str(value)) <= _LONGEST else f"{float(value):.{digits}g}"
    if isinstance(value, complex):
        sign = "" if math.copysign(1.0, value.imag) < 0 else "+"
        return f"{number_text(value.real, digits=digits)}{sign}{number_text(value.imag, digits=digits)}j"
    if isinstance(value, float):
        if math.isnan(value):
            return "NaN"
        if math.isinf(value):
            return "infinity" if value > 0 else "-infinity"
        return f"{value:.{digits}g}"
    raise TypeError(f"{type(value)} is no number")
