"""The numbers of answers, for those who look for what is wrong with them or count what nobody explains."""

import hashlib
from collections.abc import Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from app.core.submission import UnexplainedOutput
from app.core.tolerance import is_exact
from app.core.verdict import Visibility
from app.grading.diagnose.significance import Array
from app.grading.reference.outputs import ReferenceOutput
from app.grading.run.run_checks import CheckedRun
from sandbox.arrays import WireArray, unpack_array
from sandbox.interface import CallMode, CallResult

_MOST_NUMBERS = 4096
"""Of those that are kept of an output that nothing explains."""
_LARGEST_INTEGER = 1 << 53
"""Beyond it doubles hold no longer every integer, and two of them would look alike."""
_SIZE_LIMIT = 1 << 22
"""Hostile answers of many small numbers would become eight times as large."""


def numbers_of(answer: CallResult | ReferenceOutput) -> dict[str, Array] | None:
    """Return each array of an answer in double precision, by name, as `as_numbers` does."""
    return as_numbers(answer.arrays)


def as_numbers(arrays: Mapping[str, WireArray]) -> dict[str, Array] | None:
    """Widen named arrays; None where one is forged, not real or beyond widening, or all are too many."""
    if sum(wire.size for wire in arrays.values()) > _SIZE_LIMIT:
        return None
    numbers: dict[str, Array] = {}
    for name, wire in arrays.items():
        try:
            array = unpack_array(wire)
        except (ValueError, OverflowError, MemoryError):
            return None  # A forged frame; also one whose sides no array can have.
        if np.iscomplexobj(array) or (is_exact(array) and _is_beyond_doubles(array)):
            return None
        numbers[name] = array.astype(np.float64)
    return numbers


def _is_beyond_doubles(array: NDArray[np.generic]) -> bool:
    return any(not -_LARGEST_INTEGER <= int(end) <= _LARGEST_INTEGER for end in _ends(array))


def _ends(array: NDArray[np.generic]) -> tuple[np.generic, ...]:
    return (array.min(), array.max()) if array.size else ()


def unexplained_output(run: CheckedRun) -> UnexplainedOutput | None:
    """Keep the numbers answered to the sample cases, each asked once; None where some are missing.

    Integers are exact, so they belong to the layout: outputs that differ in one of them are never alike.
    """
    layout: list[tuple[object, ...]] = []
    arrays: list[Array] = []
    asked: set[bytes] = set()
    for place, check in enumerate(run.checks):
        if not check.is_value or check.visibility is not Visibility.SAMPLE or check.is_fresh:
            continue
        question = msgspec.msgpack.encode(check.call.arguments)
        if check.call.mode != CallMode.PLAIN or question in asked:
            continue
        asked.add(question)
        call = run.result.calls[place] if place < len(run.result.calls) else None
        numbers = numbers_of(call) if call else None
        if not call or not numbers:
            return None
        for name, array in numbers.items():
            exact = (array.tobytes(),) if is_exact(unpack_array(call.arrays[name])) else ()
            layout.append((check.name, name, array.shape, *exact))
            arrays.append(np.ravel(array))
    if not arrays:
        return None
    joined = np.concatenate(arrays)
    if joined.size > _MOST_NUMBERS:
        joined = joined[np.linspace(0, joined.size - 1, _MOST_NUMBERS).astype(np.int64)]
    with np.errstate(over="ignore"):
        output = joined.astype("<f4").tobytes()
    return UnexplainedOutput(layout=hashlib.sha256(msgspec.msgpack.encode(layout)).hexdigest(), output=output)
