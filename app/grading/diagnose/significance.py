"""How much a fit says: a shape that would fit almost anything names nothing.

An entry that is matched within `allowed`, where it could have lain anywhere within the spread of all,
would be matched by chance with a probability of some `allowed / spread`. Its evidence is the decimal
logarithm of the inverse, in decades; entries of the same value say it only once.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

ENOUGH = 8.0
"""Decades: less than one chance fit in a hundred million."""
_MOST = 15.0


def decades(targets: Sequence[Array], allowed: Sequence[Array]) -> Array:
    """Return the evidence of each distinct value among all entries, largest first.

    Whole numbers could not have lain between, so that of these only the nearest others count.
    """
    values = np.concatenate([np.ravel(target) for target in targets])
    slack = np.concatenate([np.ravel(one) for one in allowed])
    if values.size == 0:
        return values
    order = np.argsort(values, kind="stable")
    values, slack = values[order], slack[order]
    if np.array_equal(values, np.rint(values)):
        slack = np.maximum(slack, 0.5)
    spread = float(values[-1] - values[0])
    # A value is distinct where it lies beyond what is allowed around both itself and its neighbour.
    apart = np.concatenate([[True], np.diff(values) > (slack[1:] + slack[:-1]) * (1 - 1e-9)])
    with np.errstate(divide="ignore"):
        found = np.minimum(np.log10(spread / (2 * slack[apart])), _MOST) if spread > 0 else np.zeros(0)
    return np.sort(found[found > 0])[::-1]


def weighs(
    targets: Sequence[Array], allowed: Sequence[Array], *, free: int = 0, choices: float = 0.0
) -> bool:
    """Return whether a fit of these is more than chance.

    `free` is how many numbers were chosen to make it fit; `choices` the decimal logarithm of how many
    other fits were as good as tried.
    """
    found = decades(targets, allowed)
    return found.size >= free + 2 and float(found[free:].sum()) - choices >= ENOUGH


def log10_factorial(count: int) -> float:
    """Return the decimal logarithm of how many orders there are of `count` things."""
    return math.lgamma(count + 1) / math.log(10)
