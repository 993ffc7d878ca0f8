"""What a stage's wrong value is instead: an earlier one, a row of it, an activation of it, a sum of two."""

import math
from collections.abc import Callable, Iterator, Mapping

import numpy as np

from app.core.tolerance import fits
from app.grading.diagnose.significance import Array

_NEAR = 4e-6
"""In units of the largest number: what else a value is, it is but for rounding."""
_FEWEST = 3
"""Numbers below which a fit says little."""
_SOURCES = 16
_erf = np.vectorize(math.erf, otypes=[np.float64])


def _sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


_ACTIVATIONS: Mapping[str, Callable[[Array], Array]] = {
    "ReLU": lambda x: np.maximum(x, 0),
    "the exact GELU (`approximate=False`)": lambda x: x * (1 + _erf(x / math.sqrt(2))) / 2,
    "the tanh approximation of GELU": lambda x: (
        x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))) / 2
    ),
    "the sigmoid approximation of GELU": lambda x: x * _sigmoid(1.702 * x),
    "SiLU (swish)": lambda x: x * _sigmoid(x),
    "the sigmoid": _sigmoid,
    "tanh": np.tanh,
    "softplus": lambda x: np.logaddexp(x, 0),
    "ELU": lambda x: np.where(x > 0, x, np.expm1(x)),
    "leaky ReLU": lambda x: np.where(x > 0, x, 0.01 * x),
}
_POOLS: Mapping[str, Callable[[Array], Array]] = {
    "the mean": lambda rows: rows.mean(axis=0),
    "the sum": lambda rows: rows.sum(axis=0),
    "the maximum": lambda rows: rows.max(axis=0),
}


@np.errstate(all="ignore")
def likeness(given: Array, wanted: Array, earlier: Mapping[str, Array]) -> str:
    """Say what `given` is, in the numbers of earlier stages; nothing where none fits, or the right one too.

    Only what tells it from `wanted` is said, and the stage that is nearest comes first.
    """
    if given.size < _FEWEST or not np.isfinite(given).all():
        return ""
    for words, made in _candidates(given, dict(reversed(list(earlier.items())[-_SOURCES:]))):
        if is_nearly(given, made) and not is_nearly(wanted, made):
            return words
    return ""


def _candidates(given: Array, sources: Mapping[str, Array]) -> Iterator[tuple[str, Array]]:
    for name, source in sources.items():
        yield f"`{name}` itself", source
    for name, source in sources.items():
        if source.ndim > 1 and given.size == source.shape[-1]:
            yield from _of_rows(name, source.reshape(-1, source.shape[-1]))
        if source.size == given.size:
            yield from ((f"{words} of `{name}`", made(source)) for words, made in _ACTIVATIONS.items())
    same = [(name, source.ravel()) for name, source in sources.items() if source.size == given.size]
    for place, (name, one) in enumerate(same):
        for other_name, other in same[place + 1 :]:
            yield f"the sum of `{other_name}` and `{name}`", one + other
            yield f"the product of `{other_name}` and `{name}`", one * other
            yield f"`{name}` less `{other_name}`", one - other
            yield f"`{other_name}` less `{name}`", other - one


def _of_rows(name: str, rows: Array) -> Iterator[tuple[str, Array]]:
    for index, row in enumerate(rows):
        yield f"row {index} of `{name}`", row
    yield from ((f"{words} of the rows of `{name}`", made(rows)) for words, made in _POOLS.items())


def is_nearly(value: Array, made: Array) -> bool:
    """Return whether both hold the same numbers in order, but for rounding."""
    scale = float(np.abs(made).max(initial=0.0))
    if not 0 < scale < np.inf:
        return False
    return fits(np.ravel(value), np.ravel(made), np.full(made.size, _NEAR * scale))
