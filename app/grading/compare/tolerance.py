"""How closely an item's arrays are compared."""

from collections.abc import Mapping

import numpy as np

from app.core.problem import Problem
from app.core.tolerance import Tolerance
from app.grading.plan.checks import Check, CheckKind
from sandbox.arrays import WireArray, unpack_array


def tolerance_of(problem: Problem, check: Check, wanted: Mapping[str, WireArray]) -> Tolerance:
    """The problem's own; of gradients the absolute part in units of the largest of `wanted`.

    Rounding errors of a backward pass are carried from the large gradients into the small ones, and some
    are nothing else: a key's bias shifts all scores of a row alike, so its gradient is zero but for them.
    """
    tolerance = problem.manifest.tolerance
    if check.kind is not CheckKind.GRADIENT:
        return tolerance
    largest = max((_largest(array) for array in wanted.values()), default=0.0)
    return Tolerance(absolute=tolerance.absolute * largest, relative=tolerance.relative)


def _largest(array: WireArray) -> float:
    return float(np.abs(unpack_array(array)).max(initial=0.0))
