"""How closely numbers are compared: which tolerance holds for a check, and where it is applied."""

from collections.abc import Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from app.core.problem import Problem
from app.core.tolerance import Tolerance
from app.grading.plan.checks import Check
from sandbox.arrays import WireArray, unpack_array

_INTEGER_KINDS = "biu"


class ValueErrors(msgspec.Struct, frozen=True, kw_only=True):
    """Arrays of the answer's shape. An error is infinite where one side is not finite."""

    absolute: NDArray[np.float64]
    relative: NDArray[np.float64]
    """Zero where the reference is zero: it has no size to be measured by."""
    wrong: NDArray[np.bool_]


def tolerance_of(problem: Problem, check: Check, wanted: Mapping[str, WireArray]) -> Tolerance:
    """Return the problem's own; of gradients the absolute part in units of the largest of `wanted`.

    Rounding errors of a backward pass are carried from the large gradients into the small ones, and some
    are nothing else: a key's bias shifts all scores of a row alike, so its gradient is zero but for them.
    """
    tolerance = problem.manifest.tolerance
    if check.probe is None or not check.probe.scales_tolerance:
        return tolerance
    largest = max((_largest(array) for array in wanted.values()), default=0.0)
    return Tolerance(absolute=tolerance.absolute * largest, relative=tolerance.relative)


def value_errors(
    got: NDArray[np.generic], reference: NDArray[np.generic], tolerance: Tolerance
) -> ValueErrors:
    """Apply the tolerance: `wrong` is where `|got - reference| <= absolute + relative * |reference|` fails.

    Both have the same shape. Differences are taken in double precision, so that they are not rounded
    themselves. Integers and logical values have to be equal: nothing rounds them, and one index too far
    is another index however large it is. A number that is not finite is wrong, on whichever side.
    """
    if got.dtype.kind in _INTEGER_KINDS and reference.dtype.kind in _INTEGER_KINDS:
        absolute, wrong = _integer_errors(got, reference), np.asarray(got != reference)
    else:
        absolute, wrong = _rounded_errors(got, reference, tolerance)
    with np.errstate(over="ignore"):
        scale = np.abs(_wide(reference))
        relative = np.zeros_like(absolute)
        np.divide(absolute, scale, out=relative, where=np.isfinite(scale) & (scale > 0))
    return ValueErrors(absolute=absolute, relative=relative, wrong=wrong)


def _integer_errors(got: NDArray[np.generic], reference: NDArray[np.generic]) -> NDArray[np.float64]:
    """Subtract exactly: no wrap-around, and no rounding before the difference becomes a float."""
    high, low = np.maximum(got, reference), np.minimum(got, reference)
    if high.dtype.kind in _INTEGER_KINDS:
        # Two's complement: the distance of two 64-bit integers fits 64 bits without a sign.
        high, low = high.astype(np.uint64), low.astype(np.uint64)
    with np.errstate(over="ignore"):
        return np.asarray(high - low, dtype=np.float64)


def _rounded_errors(
    got: NDArray[np.generic], reference: NDArray[np.generic], tolerance: Tolerance
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    ours, theirs = _wide(reference), _wide(got)
    finite = np.isfinite(ours) & np.isfinite(theirs)
    with np.errstate(over="ignore", invalid="ignore"):
        absolute = np.asarray(np.abs(theirs - ours), dtype=np.float64)
        # A finite complex number may be further from zero than any float can say.
        scale = np.minimum(np.abs(ours), np.finfo(np.float64).max)
        allowed = tolerance.allowed(scale)
        # An infinite reference allows everything, and two infinities differ by NaN: neither may pass.
        wrong = ~(absolute <= allowed) | ~finite
    return np.where(finite, absolute, np.inf), np.asarray(wrong)


def _wide(array: NDArray[np.generic]) -> NDArray[np.inexact]:
    return array.astype(np.complex128 if np.iscomplexobj(array) else np.float64)


def _largest(array: WireArray) -> float:
    return float(np.abs(unpack_array(array)).max(initial=0.0))
