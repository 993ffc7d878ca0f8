"""How far a whole answer lies from the expected one, in units of what the tolerance allows."""

import math
from collections.abc import Mapping, Sequence

from app.core.tolerance import Tolerance, differences, in_units, largest_error
from sandbox.arrays import BadArray, WireArray, unpack_array

Arrays = Mapping[str, WireArray]


def distance(answer: Arrays, expected: Arrays, tolerance: Tolerance) -> float:
    """Return the largest error over all numbers: at most 1 passes.

    Infinite for other names, another shape, a forged frame, NaN and infinities. dtypes are not looked at, so
    that a float64 answer can be measured too; where integers or logical values are expected it is 0 or
    infinite.
    """
    if set(answer) != set(expected) or not expected:
        return math.inf
    return max(_one(answer[name], expected[name], tolerance) for name in expected)


def spread(answers: Sequence[Arrays], expected: Arrays, tolerance: Tolerance) -> float:
    """Return the largest difference between any two of the answers, in the same units."""
    worst = 0.0
    for name, wanted in expected.items():
        given = [answer.get(name) for answer in (*answers, expected)]
        if any(array is None or array.shape != wanted.shape for array in given):
            return math.inf
        arrays = [unpack_array(array) for array in given if array is not None]
        allowed = tolerance.allowed(arrays[-1])
        for place, one in enumerate(arrays):
            for other in arrays[place:]:
                units = in_units(differences(one, other), allowed)
                worst = max(worst, float(units.max(initial=0.0)))
    return worst


def _one(answer: WireArray, expected: WireArray, tolerance: Tolerance) -> float:
    if answer.shape != expected.shape:
        return math.inf
    try:
        return largest_error(unpack_array(answer), unpack_array(expected), tolerance)
    except BadArray:
        return math.inf
