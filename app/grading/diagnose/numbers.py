"""The numbers of an answer, for those who look for what is wrong with them."""

from collections.abc import Mapping

import numpy as np

from app.grading.diagnose.significance import Array
from app.grading.reference.outputs import ReferenceOutput
from sandbox.arrays import WireArray, unpack_array
from sandbox.interface import CallResult

_SIZE_LIMIT = 1 << 22
"""Hostile answers of many small numbers would become eight times as large."""


def numbers_of(answer: CallResult | ReferenceOutput) -> dict[str, Array] | None:
    """Each array of the answer in double precision, by name; None where one is forged or not real,
    or all together are too many."""
    return as_numbers(answer.arrays)


def as_numbers(arrays: Mapping[str, WireArray]) -> dict[str, Array] | None:
    """The same for arrays that were already named."""
    if sum(wire.size for wire in arrays.values()) > _SIZE_LIMIT:
        return None
    numbers: dict[str, Array] = {}
    for name, wire in arrays.items():
        try:
            array = unpack_array(wire)
        except (ValueError, OverflowError, MemoryError):
            return None  # A forged frame; also one whose sides no array can have.
        if np.iscomplexobj(array):
            return None
        numbers[name] = array.astype(np.float64)
    return numbers
