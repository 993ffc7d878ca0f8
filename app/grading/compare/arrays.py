"""Arrays against the reference's: shape, dtype, finiteness, values, in that order.

Each is compared by itself; where there are several, the severest difference is what is reported.
"""

import sys
from collections.abc import Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from app.core.outcome import Outcome, worst
from app.core.tolerance import Tolerance
from app.grading.compare.tolerance import value_errors
from app.grading.phrases import index_words, names_words, shape_words
from sandbox.arrays import BadArray, WireArray, unpack_array

FORGED = "the answer's frame is forged"


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """How an answer differs. Errors are None where shapes, dtypes or finiteness already differ.

    `message` says what the numbers beside it do not.
    """

    outcome: Outcome
    message: str = ""
    hidden_message: str = ""
    """The same for a hidden case: without counts, and without the learner's shape, whose sides could be
    the case's values."""
    max_abs_error: float | None = None
    max_abs_error_at: tuple[int, ...] | None = None
    max_rel_error: float | None = None
    mismatched: int | None = None
    size: int | None = None
    output: str = ""
    """Which of several outputs it is about."""


def compare(answer: WireArray, expected: WireArray, tolerance: Tolerance, *, dtype: str) -> Comparison:
    """Say how `answer` differs from `expected`, within `tolerance` or not; nothing is broadcast.

    The laws of `value_errors` hold: the scale is the reference's, NaN never matches, integers and logical
    values are exact.
    """
    size = expected.size
    if answer.shape != expected.shape:
        asked = f"shape {shape_words(expected.shape)} is asked for"
        return Comparison(
            outcome=Outcome.WRONG_SHAPE,
            message=f"{asked}, yours is {shape_words(answer.shape)}",
            hidden_message=asked,
            size=size,
        )
    if answer.dtype != dtype:
        asked = f"dtype {dtype} is asked for"
        return Comparison(
            outcome=Outcome.WRONG_DTYPE,
            message=f"{asked}, yours is {answer.dtype}",
            hidden_message=asked,
            size=size,
        )
    try:
        got = unpack_array(answer)
    except BadArray as error:
        return Comparison(
            outcome=Outcome.SANDBOX_VIOLATION, message=f"{FORGED}: {error}", hidden_message=FORGED
        )
    broken = ~np.isfinite(got)
    if broken.any():
        return _not_finite(got, broken)
    return _compare_values(got, unpack_array(expected), tolerance)


def matches(answer: WireArray, expected: WireArray, tolerance: Tolerance) -> bool:
    """Return whether two answers are the same within `tolerance`, dtype included."""
    return compare(answer, expected, tolerance, dtype=expected.dtype).outcome is Outcome.PASSED


def compare_outputs(
    answers: Mapping[str, WireArray],
    expected: Mapping[str, WireArray],
    tolerance: Tolerance,
    *,
    dtypes: Mapping[str, str],
) -> Comparison:
    """Return the severest comparison, about the first output that has it; `dtypes` by name.

    So all shapes are told before any dtype, and all dtypes before any value. Where everything passes it
    is about the output with the largest error. `answers` and `expected` have the same names.
    """
    found = {name: compare(answers[name], expected[name], tolerance, dtype=dtypes[name]) for name in expected}
    outcome = worst(comparison.outcome for comparison in found.values())
    if outcome is Outcome.ACCEPTED:
        name = max(found, key=lambda name: found[name].max_abs_error or 0.0)
        return msgspec.structs.replace(found[name], output=name)
    failed = [name for name in found if found[name].outcome is outcome]
    reported = found[failed[0]]
    if len(found) == 1:
        return msgspec.structs.replace(reported, output=failed[0])
    if outcome is Outcome.WRONG_VALUE:
        verb = "differs" if len(failed) == 1 else "differ"
        return msgspec.structs.replace(reported, output=failed[0], message=f"{names_words(failed)} {verb}")
    return msgspec.structs.replace(
        reported,
        output=failed[0],
        message=f"`{failed[0]}`: {reported.message}",
        hidden_message=f"`{failed[0]}`: {reported.hidden_message}",
    )


def outputs_match(
    answers: Mapping[str, WireArray], expected: Mapping[str, WireArray], tolerance: Tolerance
) -> bool:
    """Return whether both have the same names, and under each the same array within `tolerance` and dtype."""
    return answers.keys() == expected.keys() and all(
        matches(answers[name], expected[name], tolerance) for name in expected
    )


def _not_finite(got: NDArray[np.generic], broken: NDArray[np.bool_]) -> Comparison:
    count, place = int(broken.sum()), index_of(broken)
    first = "NaN" if np.isnan(got[place]) else "infinite"
    message = f"{count} of {got.size} numbers {'is' if count == 1 else 'are'} NaN or infinite"
    if got.size > 1:
        message += f"; the first, at {index_words(place)}, is {first}"
    return Comparison(
        outcome=Outcome.NOT_FINITE,
        message=message,
        hidden_message="some numbers are NaN or infinite",
        mismatched=count,
        size=got.size,
    )


def _compare_values(
    got: NDArray[np.generic], reference: NDArray[np.generic], tolerance: Tolerance
) -> Comparison:
    errors = value_errors(got, reference, tolerance)
    mismatched = int(errors.wrong.sum())
    has_scale = bool((reference != 0).any())
    return Comparison(
        outcome=Outcome.WRONG_VALUE if mismatched else Outcome.PASSED,
        max_abs_error=_largest(errors.absolute) if got.size else 0.0,
        max_abs_error_at=index_of(errors.absolute) if got.size else None,
        max_rel_error=_largest(errors.relative) if has_scale else None,
        mismatched=mismatched,
        size=got.size,
    )


def index_of(array: NDArray[np.generic]) -> tuple[int, ...]:
    """Return where the largest number is, or the first true one; row by row, the first of equals."""
    return tuple(int(axis) for axis in np.unravel_index(int(np.argmax(array)), array.shape))


def _largest(errors: NDArray[np.float64]) -> float:
    # JSON has no infinity.
    return min(float(errors.max()), sys.float_info.max)
