"""What mends a wrong shape, where that is certain: the right numbers only lie in other places."""

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from app.core.tolerance import Tolerance
from app.grading.compare.closeness import value_errors

_SIZE_LIMIT = 1 << 16
_AXES_LIMIT = 4
_ROWS_LIMIT = 256

Array = NDArray[np.generic]


def shape_advice(got: Array, expected: Array, tolerance: Tolerance) -> str:
    """Such as "the numbers are right: take the one row with `[0]`"; empty where nothing is certain.

    Only a change after which every number matches is proposed, and none where the reference's numbers
    are all alike, which any order of them would match.
    """
    if not 0 < got.size <= _SIZE_LIMIT or expected.size < 2 or (expected == expected.flat[0]).all():
        return ""
    candidates = _changes(got, expected) if got.size == expected.size else _rows(got, expected)
    fitting = [
        advice for advice, changed in candidates if not value_errors(changed, expected, tolerance).wrong.any()
    ]
    if got.size != expected.size and len(fitting) > 1:
        return ""
    return f"the numbers are right: {fitting[0]}" if fitting else ""


def _changes(got: Array, expected: Array) -> Iterator[tuple[str, Array]]:
    """The same numbers in the shape asked for, the plainest advice first."""
    shape, asked = got.shape, expected.shape
    flat = got.reshape(asked)
    if shape == (1, *asked):
        yield (
            "take the one row with `[0]`" if len(shape) == 2 else "take away the first axis with `[0]`",
            flat,
        )
    elif shape == (*asked, 1):
        yield "take away the last axis with `[..., 0]`", flat
    elif (1, *shape) == asked:
        yield "put an axis in front with `[None]`", flat
    elif (*shape, 1) == asked:
        yield "put an axis behind with `[..., None]`", flat
    elif len(asked) == 1:
        yield "flatten them with `.reshape(-1)`", flat
    else:
        yield f"put them in order with `.reshape({', '.join(map(str, asked))})`", flat
    if len(shape) == len(asked) <= _AXES_LIMIT:
        for axes in itertools.permutations(range(len(shape))):
            if tuple(shape[axis] for axis in axes) == asked:
                mode = ".T" if axes == (1, 0) else f".transpose({', '.join(map(str, axes))})"
                yield f"only the axes stand in another order, which `{mode}` mends", got.transpose(axes)


def _rows(got: Array, expected: Array) -> Iterator[tuple[str, Array]]:
    """Parts of an answer that has one axis too many."""
    if got.shape[1:] == expected.shape and got.shape[0] <= _ROWS_LIMIT:
        for index, part in enumerate(got):
            yield f"take only row {index} with `[{index}]`", np.asarray(part)
