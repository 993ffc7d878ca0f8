"""Arrays for the laws of comparing: every dtype, every shape that is small."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

Array = NDArray[np.generic]

INTEGERS = ("bool", "int8", "uint8", "int32", "uint32", "int64", "uint64")
ROUNDED = ("float16", "float32", "float64", "complex64", "complex128")
SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)
NOT_EMPTY = hnp.array_shapes(min_dims=0, max_dims=3, max_side=4)


def of_dtype(name: str, shape: tuple[int, ...], *, finite: bool = True) -> st.SearchStrategy[Array]:
    """Numbers up to the dtype's own limits; with `finite` false NaN and infinities too."""
    dtype = np.dtype(name)
    if not finite or name in INTEGERS:
        return hnp.arrays(dtype, shape)
    elements = hnp.from_dtype(dtype, allow_nan=False, allow_infinity=False)
    return hnp.arrays(dtype, shape, elements=elements)


def arrays(
    names: tuple[str, ...] = (*INTEGERS, *ROUNDED),
    shapes: st.SearchStrategy[tuple[int, ...]] = SHAPES,
    *,
    finite: bool = True,
) -> st.SearchStrategy[Array]:
    """One array."""
    chosen = st.tuples(st.sampled_from(names), shapes)
    return chosen.flatmap(lambda pair: of_dtype(*pair, finite=finite))


def pairs(
    names: tuple[str, ...] = (*INTEGERS, *ROUNDED),
    shapes: st.SearchStrategy[tuple[int, ...]] = SHAPES,
    *,
    finite: bool = True,
) -> st.SearchStrategy[tuple[Array, Array]]:
    """Two of one dtype and one shape."""
    chosen = st.tuples(st.sampled_from(names), shapes)
    return chosen.flatmap(
        lambda pair: st.tuples(of_dtype(*pair, finite=finite), of_dtype(*pair, finite=finite))
    )
