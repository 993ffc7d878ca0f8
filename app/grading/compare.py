"""One answer against the reference's: shape, dtype, finiteness, values, in that order."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from app.core.outcome import Outcome
from app.core.tolerance import Tolerance
from sandbox.arrays import BadArray, WireArray, unpack_array


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """How an answer differs. Errors are None where shapes or finiteness already differ.

    `message` says what the numbers beside it do not.
    """

    outcome: Outcome
    message: str = ""
    max_abs_error: float | None = None
    max_rel_error: float | None = None
    mismatched: int | None = None
    size: int | None = None


def compare(answer: WireArray, expected: WireArray, tolerance: Tolerance, *, dtype: str) -> Comparison:
    """Whether `answer` is `expected` within `tolerance`; nothing is broadcast.

    `|a - e| <= absolute + relative * |e|` for every entry, as `numpy.isclose` has it with the
    reference second, so the scale never comes from the learner. NaN never matches.
    """
    size = expected.size
    if answer.shape != expected.shape:
        message = f"shape {_shape(expected.shape)} is asked for, yours is {_shape(answer.shape)}"
        return Comparison(outcome=Outcome.WRONG_SHAPE, message=message, size=size)
    if answer.dtype != dtype:
        message = f"dtype {dtype} is asked for, yours is {answer.dtype}"
        return Comparison(outcome=Outcome.WRONG_DTYPE, message=message, size=size)
    try:
        got = _wide(unpack_array(answer))
    except BadArray as error:
        return Comparison(outcome=Outcome.SANDBOX_VIOLATION, message=f"the answer's frame is forged: {error}")
    reference = _wide(unpack_array(expected))
    broken = ~np.isfinite(got)
    if broken.any():
        count = int(broken.sum())
        message = f"{count} of {size} numbers {'is' if count == 1 else 'are'} NaN or infinite"
        return Comparison(outcome=Outcome.NOT_FINITE, message=message, mismatched=count, size=size)
    return _compare_values(got, reference, tolerance)


def matches(answer: WireArray, expected: WireArray, tolerance: Tolerance) -> bool:
    """Whether two answers are the same within `tolerance`, dtype included."""
    return compare(answer, expected, tolerance, dtype=expected.dtype).outcome is Outcome.PASSED


def _compare_values(
    got: NDArray[np.generic], reference: NDArray[np.generic], tolerance: Tolerance
) -> Comparison:
    errors = np.abs(got - reference)  # type: ignore[operator]
    scale = np.abs(reference)
    wrong = ~(errors <= tolerance.absolute + tolerance.relative * scale)
    relative = errors[scale > 0] / scale[scale > 0]
    mismatched, size = int(wrong.sum()), int(reference.size)
    return Comparison(
        outcome=Outcome.WRONG_VALUE if mismatched else Outcome.PASSED,
        max_abs_error=float(errors.max()) if size else 0.0,
        max_rel_error=float(relative.max()) if relative.size else None,
        mismatched=mismatched,
        size=size,
    )


def _wide(array: NDArray[np.generic]) -> NDArray[np.generic]:
    """Differences are taken in double precision, so that they are not rounded themselves."""
    return array.astype(np.complex128 if np.iscomplexobj(array) else np.float64)


def _shape(shape: tuple[int, ...]) -> str:
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"
