"""What a failing sample row shows beyond its counts: the first numbers that differ, and a picture."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from app.core.outcome import Outcome
from app.core.tolerance import Tolerance
from app.core.verdict import Difference, Number
from app.grading.compare.array import Comparison
from app.grading.compare.closeness import value_errors
from app.grading.phrases import where_words
from app.grading.present.pictures import picture
from app.grading.present.shape_advice import shape_advice
from sandbox.arrays import BadArray, WireArray, unpack_array

_DIFFERENCES = 5


class ResultDetails(msgspec.Struct, frozen=True, kw_only=True):
    """Never for a hidden case: each of these would let its expected values be read off."""

    advice: str = ""
    """More to say than the comparison's own message."""
    differences: tuple[Difference, ...] = ()
    picture: str = ""


def result_details(
    found: Comparison, answer: WireArray, expected: WireArray, tolerance: Tolerance
) -> ResultDetails:
    """For the two arrays that `found` is about."""
    if found.outcome not in (Outcome.WRONG_VALUE, Outcome.NOT_FINITE, Outcome.WRONG_SHAPE):
        return ResultDetails()
    try:
        got = unpack_array(answer)
    except BadArray:  # A forged frame of another shape.
        return ResultDetails()
    reference = unpack_array(expected)
    if found.outcome is Outcome.WRONG_SHAPE:
        return ResultDetails(advice=shape_advice(got, reference, tolerance))
    if found.outcome is Outcome.NOT_FINITE:
        return ResultDetails(
            differences=_differences(got, reference, ~np.isfinite(got)),
            picture=picture(got, reference, value_errors(got, reference, tolerance), name=found.output),
        )
    errors = value_errors(got, reference, tolerance)
    return ResultDetails(
        advice=where_words(errors.wrong),
        differences=_differences(got, reference, errors.wrong),
        picture=picture(got, reference, errors, name=found.output),
    )


def _differences(
    got: NDArray[np.generic], reference: NDArray[np.generic], wrong: NDArray[np.bool_]
) -> tuple[Difference, ...]:
    first = np.flatnonzero(wrong)[:_DIFFERENCES]
    made = []
    for index in first:
        place = tuple(int(axis) for axis in np.unravel_index(int(index), wrong.shape))
        ours, theirs = reference[place].item(), got[place].item()
        made.append(
            Difference(
                at=place,
                expected=_real(ours),
                got=_real(theirs),
                expected_imaginary=_imaginary(ours),
                got_imaginary=_imaginary(theirs),
            )
        )
    return tuple(made)


def _real(value: Number | complex) -> Number | None:
    real = value.real if isinstance(value, complex) else value
    return real if np.isfinite(real) else None


def _imaginary(value: Number | complex) -> float | None:
    return value.imag if isinstance(value, complex) and np.isfinite(value.imag) else None
