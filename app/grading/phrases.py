"""What sentences about an answer are made of: numbers, shapes, places, names, and a problem's own words."""

import fnmatch
import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from app.core.problem import Problem
from sandbox.interface import ForbiddenUse

_LONGEST_NUMBER = 22


def number_text(value: object, *, digits: int = 4) -> str:
    """Write a number short and in one line: `-0.1234`, `1.2e-07`, `9007199254740993`, `true`, `NaN`, `1+2j`.

    Raises:
        TypeError: `value` is no number.
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value) if len(str(value)) <= _LONGEST_NUMBER else f"{float(value):.{digits}g}"
    if isinstance(value, complex):
        sign = "" if math.copysign(1.0, value.imag) < 0 else "+"
        return f"{number_text(value.real, digits=digits)}{sign}{number_text(value.imag, digits=digits)}j"
    if isinstance(value, float):
        if math.isnan(value):
            return "NaN"
        if math.isinf(value):
            return "infinity" if value > 0 else "-infinity"
        return f"{value:.{digits}g}"
    raise TypeError(f"{type(value)} is no number")


def shape_words(shape: tuple[int, ...]) -> str:
    """Write a shape as NumPy does: `(3,)`."""
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def index_words(index: tuple[int, ...]) -> str:
    """Write an index as Python does: `[2, 0]`."""
    return f"[{', '.join(map(str, index))}]"


def where_words(wrong: NDArray[np.bool_]) -> str:
    """Say plainly where numbers differ; say nothing where they differ everywhere or nowhere.

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


def _range_words(axis: int, axes: int, low: int, high: int) -> str:
    one, many, of = "index", "indices", f" of axis {axis}" if axes > 1 else ""
    if axes == 2:
        one, of = ("row", "column")[axis], ""
        many = f"{one}s"
    return f"{one} {low}{of}" if low == high else f"{many} {low} to {high}{of}"


def listed(words: Sequence[str]) -> str:
    """Join words as a sentence does: `a`, `b and c`, `a, b and c`."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def names_words(names: list[str], *, shown: int = 5) -> str:
    """List names as code, `a`, `b` and `c`; of more than `shown`, list the first and count the others."""
    quoted = [f"`{name}`" for name in names[:shown]]
    if len(names) > shown:
        return f"{', '.join(quoted)} and {len(names) - shown} more"
    return listed(quoted)


def first_of_hidden(names: list[str]) -> str:
    """Name the first alone, "and others" with it: which ones come is up to code that knows hidden values."""
    return f"`{names[0]}`{' and others' if len(names) > 1 else ''}"


def words_for(path: str, words: Mapping[str, str]) -> str:
    """Find what the statement says of a parameter, as `[module.words]` in `problem.toml` has it.

    Look for the whole path, else for a pattern such as `blocks.*.ln1.scale`, in which a `*` stands for one
    name, else for the last name; empty where none is there.
    """
    if path in words:
        return words[path]
    names = path.split(".")
    for pattern, text in words.items():
        wanted = pattern.split(".")
        if len(wanted) == len(names) > 1 and all(map(fnmatch.fnmatchcase, names, wanted)):
            return text
    return words.get(names[-1], "")


def forbidden_in_words(problem: Problem, use: ForbiddenUse) -> str:
    """Say which forbidden name was used at run time.

    The name comes from a hostile process, so only one that the problem forbids is repeated.
    """
    name = use.name if use.name in problem.manifest.forbidden else "that part"
    return f"this exercise asks you to build {name} yourself, so it may not be used, by whatever name"
