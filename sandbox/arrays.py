"""Arrays on the wire: dtype, shape and raw bytes. No pickle, no object of the sender's."""

import math
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

_NUMPY_DTYPES = frozenset(
    [
        *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
        *("float16", "float32", "float64", "complex64", "complex128"),
    ]
)
_BFLOAT16 = "bfloat16"
_MAX_DIMENSIONS = 16


class BadArray(ValueError):
    """A frame describes an array that cannot be."""


class WireArray(msgspec.Struct, frozen=True, kw_only=True, tag="array"):
    """A dense array in C order, little-endian."""

    dtype: Annotated[str, msgspec.Meta(max_length=40)]
    shape: Annotated[tuple[int, ...], msgspec.Meta(max_length=64)]
    data: bytes

    @property
    def size(self) -> int:
        """The number of its elements."""
        return math.prod(self.shape)


class WireKey(msgspec.Struct, frozen=True, kw_only=True, tag="key"):
    """What `jax.random.key(seed)` gives."""

    seed: int


Value = float | WireArray | WireKey


def without_values(value: Value) -> Value:
    """Return what has the same shape and dtype, and zeros; a number or a key as it is."""
    if isinstance(value, WireArray):
        return msgspec.structs.replace(value, data=bytes(len(value.data)))
    return value


def pack_array(array: NDArray[np.generic]) -> WireArray:
    """Pack any NumPy array of numbers, `ml_dtypes.bfloat16` included.

    Raises:
        BadArray: the dtype is not one of numbers.
    """
    name = array.dtype.name
    if name not in _NUMPY_DTYPES and name != _BFLOAT16:
        raise BadArray(
            f"arrays of dtype {name} are not sent; allowed are {', '.join(sorted(_NUMPY_DTYPES))}, bfloat16"
        )
    plain = np.ascontiguousarray(array)
    return WireArray(dtype=name, shape=array.shape, data=plain.tobytes())


def unpack_array(wire: WireArray) -> NDArray[np.generic]:
    """Make a new NumPy array; bfloat16 is widened to float32, which holds each of its values exactly.

    Raises:
        BadArray: dtype, shape and length of the data do not fit each other.
    """
    if wire.dtype not in _NUMPY_DTYPES and wire.dtype != _BFLOAT16:
        raise BadArray(f"unknown dtype {wire.dtype[:40]!r}")
    if len(wire.shape) > _MAX_DIMENSIONS or any(side < 0 for side in wire.shape):
        raise BadArray("impossible shape")
    dtype = np.dtype("<u2") if wire.dtype == _BFLOAT16 else np.dtype(wire.dtype).newbyteorder("<")
    if wire.size * dtype.itemsize != len(wire.data):
        raise BadArray(f"{len(wire.data)} bytes cannot be {wire.dtype}{list(wire.shape)}")
    try:
        array = np.frombuffer(wire.data, dtype).reshape(wire.shape)
    except ValueError as error:  # No bytes at all, of sides beyond what NumPy can count.
        raise BadArray("impossible shape") from error
    if wire.dtype == _BFLOAT16:
        return np.asarray(array.astype(np.uint32) << 16).view(np.float32)
    if wire.dtype == "bool":
        return np.asarray(array.view(np.uint8) != 0)  # Any byte may have been sent.
    # NumPy tells a type of the machine's own byte order from the same one that was asked for by its order.
    return array.astype(wire.dtype)
