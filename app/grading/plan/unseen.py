"""Other values for a call that is traced before it is handed them: those of its case were handed over before.

Whoever keeps an argument that an ordinary call had, and answers the traced one with numbers made of it, has
the wrong ones. What the values become rests on the reference's text, which no learner has.
"""

import zlib

import msgspec
import numpy as np

from sandbox.arrays import Value, WireArray, pack_array, unpack_array
from sandbox.interface import Call

_PARTS = 64
_LEAST = 40
"""Numbers become forty to sixty-three parts of what they were: exactly, and of the same sign and kind."""
_AS_THEY_ARE = frozenset(("bfloat16", "bool"))


def with_other_values(call: Call, secret: str) -> Call:
    """Return the call with other values in its arrays that come last, as `secret` says.

    Numbers with a point become smaller, so that an image stays one; integers are turned along their first
    side, so that labels and tokens stay such.
    """
    drawn = zlib.crc32(secret.encode())
    arguments = tuple(
        _other(value, drawn) if place in call.unseen else value for place, value in enumerate(call.arguments)
    )
    return msgspec.structs.replace(call, arguments=arguments)


def _other(value: Value, drawn: int) -> Value:
    if not isinstance(value, WireArray) or value.dtype in _AS_THEY_ARE:
        return value
    array = unpack_array(value)
    if array.dtype.kind in "fc":
        part = (_LEAST + drawn % (_PARTS - _LEAST)) / _PARTS
        return pack_array(np.multiply(array, part, dtype=array.dtype))
    if array.ndim and array.shape[0] > 1:
        return pack_array(np.roll(array, 1 + drawn % (array.shape[0] - 1), axis=0))
    return value
