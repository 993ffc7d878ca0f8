"""How far an answer lies from the expected one, in units of what the tolerance allows."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from app.core.tolerance import Tolerance
from sandbox.arrays import BadArray, WireArray, unpack_array

Arrays = Mapping[str, WireArray]


def distance(answer: Arrays, expected: Arrays, tolerance: Tolerance) -> float:
    """Return the largest error over all numbers: at most 1 passes.

    Infinite for another shape, NaN and infinities.

    dtypes are not looked at, so that a float64 answer can be measured too. Integers and logical values are
    exact: 0 or infinite.
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
        stacked = np.stack([_wide(unpack_array(array)) for array in given if array is not None])
        if not np.isfinite(stacked).all():
            return math.inf
        for one in stacked:
            worst = max(worst, _worst(np.abs(stacked - one).max(axis=0), wanted, tolerance))
    return worst


def allowed(expected: WireArray, tolerance: Tolerance) -> NDArray[np.float64]:
    """Return how far each number may be off, in the shape of `expected`; integers not at all."""
    reference = unpack_array(expected)
    if not np.issubdtype(reference.dtype, np.inexact):
        return np.zeros(reference.shape)
    return tolerance.allowed(_wide(reference))


def _one(answer: WireArray, expected: WireArray, tolerance: Tolerance) -> float:
    if answer.shape != expected.shape:
        return math.inf
    try:
        got = _wide(unpack_array(answer))
    except BadArray:
        return math.inf
    if not np.isfinite(got).all():
        return math.inf
    return _worst(np.abs(got - _wide(unpack_array(expected))), expected, tolerance)


def _worst(errors: NDArray[np.float64], expected: WireArray, tolerance: Tolerance) -> float:
    if errors.size == 0:
        return 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.where(errors == 0, 0.0, errors / allowed(expected, tolerance))
    return float(ratios.max())


def _wide(array: NDArray[np.generic]) -> NDArray[np.float64]:
    """Widen to double precision; complex numbers stay complex, and their distance is that of the plane."""
    kind = np.complex128 if np.iscomplexobj(array) else np.float64
    return array.astype(kind)
