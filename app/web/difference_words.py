"""Expected beside given, as pages and the command line show it."""

from app.core.verdict import CaseResult, Difference, Number

_DIGITS = (6, 9, 12, 17)
"""Of a number that was rounded: as few as tell the two apart."""


def number_pair(difference: Difference) -> tuple[str, str]:
    """Both numbers, with as many digits as it takes to see that they differ."""
    pairs = [
        (
            _number(difference.expected, difference.expected_imaginary, digits),
            _number(difference.got, difference.got_imaginary, digits),
        )
        for digits in _DIGITS
    ]
    return next((pair for pair in pairs if pair[0] != pair[1]), pairs[-1])


def differences_words(row: CaseResult) -> str:
    """What the listed numbers are of all that differ."""
    listed, all_of_them = len(row.differences), row.mismatched or 0
    if listed >= all_of_them:
        return "The number that differs" if listed == 1 else f"The {listed} numbers that differ"
    return f"The first {listed} of {all_of_them} numbers that differ"


def index(at: tuple[int, ...]) -> str:
    """As Python indexes it: `[2, 0]`."""
    return f"[{', '.join(map(str, at))}]"


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
