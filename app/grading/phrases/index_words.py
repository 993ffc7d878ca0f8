"""Shapes, indices and places of differences, in words."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def shape_words(shape: tuple[int, ...]) -> str:
    """As NumPy writes it: `(3,)`."""
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def index_words(index: tuple[int, ...]) -> str:
    """As Python indexes it: `[2, 0]`."""
    return f"[{', '.join(map(str, index))}]"


def names_words(names: list[str], *, shown: int = 5) -> str:
    """`a`, `b` and `c`; of many the first ones."""
    quoted = [f"`{name}`" for name in names[:shown]]
    if len(names) > shown:
        return f"{', '.join(quoted)} and {len(names) - shown} more"
    return listed(quoted)


def where_words(wrong: NDArray[np.bool_]) -> str:
    """What can be said plainly of where numbers differ, where it is not everywhere; else empty.

    "only the number at [2] differs", "all that differs lies in row 2", "all that differs lies in
    rows 0 to 3 and columns 4 to 5".
    """
    count = int(wrong.sum())
    if count in (0, wrong.size):
        return ""
    places = np.nonzero(wrong)
    if count == 1:
        return f"only the number at {index_words(tuple(int(axis[0]) for axis in places))} differs"
    said = []
    for axis, indices in enumerate(places):
        low, high = int(indices.min()), int(indices.max())
        if (low, high) != (0, wrong.shape[axis] - 1):
            said.append(_range_words(axis, wrong.ndim, low, high))
    return f"all that differs lies in {listed(said)}" if said else ""


def listed(words: Sequence[str]) -> str:
    """`a`, `b and c`, `a, b and c`."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def _range_words(axis: int, axes: int, low: int, high: int) -> str:
    one, many, of = "index", "indices", f" of axis {axis}" if axes > 1 else ""
    if axes == 2:
        one, of = ("row", "column")[axis], ""
        many = f"{one}s"
    return f"{one} {low}{of}" if low == high else f"{many} {low} to {high}{of}"
