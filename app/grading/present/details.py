"""What a failing sample case shows beyond its counts: numbers that differ, a picture, advice on a shape."""

import itertools
from collections.abc import Iterator

import msgspec
import numpy as np
from numpy.typing import NDArray

from app.core.outcome import Outcome
from app.core.tolerance import Tolerance
from app.core.verdict import Difference, Number
from app.grading.compare.arrays import Comparison
from app.grading.compare.tolerance import value_errors
from app.grading.phrases import where_words
from app.grading.present.pictures import picture
from sandbox.arrays import BadArray, WireArray, unpack_array

_DIFFERENCES = 5
# Shape advice tries every change: no larger answer, no more axes and no more rows than these.
_SIZE_LIMIT = 1 << 16
_AXES_LIMIT = 4
_ROWS_LIMIT = 256

Array = NDArray[np.generic]


class ResultDetails(msgspec.Struct, frozen=True, kw_only=True):
    """What is shown, never for a hidden case: each of these would let its expected values be read off."""

    advice: str = ""
    """More to say than the comparison's own message."""
    differences: tuple[Difference, ...] = ()
    picture: str = ""


def result_details(
    found: Comparison, answer: WireArray, expected: WireArray, tolerance: Tolerance
) -> ResultDetails:
    """Find the details for the two arrays that `found` is about."""
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


def _differences(got: Array, reference: Array, wrong: NDArray[np.bool_]) -> tuple[Difference, ...]:
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


def shape_advice(got: Array, expected: Array, tolerance: Tolerance) -> str:
    """Say what mends a wrong shape, such as "the numbers are right: take the one row with `[0]`".

    Empty where nothing is certain.

    Only a change after which every number matches is proposed, and none where the reference's numbers
    are all alike, which any order of them would match.
    """
    if not 0 < got.size <= _SIZE_LIMIT or expected.size < 2 or (expected == expected.flat[0]).all():
        return ""
    candidates = _changes(got, expected) if got.size == expected.size else _rows(got, expected)
    fitting = [
        advice for advice, changed in candidates if not value_errors(changed, expected, tolerance).wrong.any()
    ]
    if got.size != expected.size and len(fitting) > 1:
        return ""
    return f"the numbers are right: {fitting[0]}" if fitting else ""


def _changes(got: Array, expected: Array) -> Iterator[tuple[str, Array]]:
    """Bring the same numbers into the shape asked for, the plainest advice first."""
    shape, asked = got.shape, expected.shape
    flat = got.reshape(asked)
    if shape == (1, *asked):
        yield (
            "take the one row with `[0]`" if len(shape) == 2 else "take away the first axis with `[0]`",
            flat,
        )
    elif shape == (*asked, 1):
        yield "take away the last axis with `[..., 0]`", flat
    elif (1, *shape) == asked:
        yield "put an axis in front with `[None]`", flat
    elif (*shape, 1) == asked:
        yield "put an axis behind with `[..., None]`", flat
    elif len(asked) == 1:
        yield "flatten them with `.reshape(-1)`", flat
    else:
        yield f"put them in order with `.reshape({', '.join(map(str, asked))})`", flat
    if len(shape) == len(asked) <= _AXES_LIMIT:
        for axes in itertools.permutations(range(len(shape))):
            if tuple(shape[axis] for axis in axes) == asked:
                mode = ".T" if axes == (1, 0) else f".transpose({', '.join(map(str, axes))})"
                yield f"only the axes stand in another order, which `{mode}` mends", got.transpose(axes)


def _rows(got: Array, expected: Array) -> Iterator[tuple[str, Array]]:
    """Take parts of an answer that has one axis too many."""
    if got.shape[1:] == expected.shape and got.shape[0] <= _ROWS_LIMIT:
        for index, part in enumerate(got):
            yield f"take only row {index} with `[{index}]`", np.asarray(part)
