"""How closely a check's numbers are compared, and an answer's errors number by number."""

from collections.abc import Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from app.core.problem import Problem
from app.core.tolerance import Tolerance, differences, in_units
from app.grading.plan.checks import Check
from sandbox.arrays import WireArray, unpack_array


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
    return tolerance.scaled(max((_largest(array) for array in wanted.values()), default=0.0))


def value_errors(
    got: NDArray[np.generic], reference: NDArray[np.generic], tolerance: Tolerance
) -> ValueErrors:
    """Measure each number; `wrong` is where its error is more than one tolerance. Both have one shape."""
    absolute = differences(got, reference)
    with np.errstate(over="ignore"):
        scale = np.abs(reference.astype(np.complex128 if np.iscomplexobj(reference) else np.float64))
    relative = np.zeros_like(absolute)
    with np.errstate(over="ignore"):
        np.divide(absolute, scale, out=relative, where=np.isfinite(scale) & (scale > 0))
    units = in_units(absolute, tolerance.allowed(reference))
    return ValueErrors(absolute=absolute, relative=relative, wrong=np.asarray(units > 1))


def _largest(array: WireArray) -> float:
    """Return the largest finite size: nothing can be within any tolerance of another."""
    numbers = unpack_array(array)
    with np.errstate(over="ignore"):
        sizes = np.abs(numbers.astype(np.complex128 if np.iscomplexobj(numbers) else np.float64))
    return float(sizes[np.isfinite(sizes)].max(initial=0.0))
