"""From a run that nothing explains to what is kept of it, so that equal ones are counted together."""

import hashlib

import msgspec
import numpy as np

from app.core.submission import UnexplainedOutput
from app.core.verdict import Visibility
from app.grading.diagnose.numbers import numbers_of
from app.grading.diagnose.significance import Array
from app.grading.run.run_checks import CheckedRun
from sandbox.interface import CallMode

_MOST_NUMBERS = 4096


def unexplained_output(run: CheckedRun) -> UnexplainedOutput | None:
    """The numbers that were answered to the sample cases, each asked once; None where some are missing."""
    layout: list[tuple[str, str, tuple[int, ...]]] = []
    arrays: list[Array] = []
    asked: set[bytes] = set()
    for place, check in enumerate(run.checks):
        if not check.is_value or check.visibility is not Visibility.SAMPLE or check.is_fresh:
            continue
        question = msgspec.msgpack.encode(check.call.arguments)
        if check.call.mode != CallMode.PLAIN or question in asked:
            continue
        asked.add(question)
        numbers = numbers_of(run.result.calls[place]) if place < len(run.result.calls) else None
        if not numbers:
            return None
        for name, array in numbers.items():
            layout.append((check.name, name, array.shape))
            arrays.append(np.ravel(array))
    if not arrays:
        return None
    joined = np.concatenate(arrays)
    if joined.size > _MOST_NUMBERS:
        joined = joined[np.linspace(0, joined.size - 1, _MOST_NUMBERS).astype(np.int64)]
    with np.errstate(over="ignore"):
        output = joined.astype("<f4").tobytes()
    return UnexplainedOutput(layout=hashlib.sha256(msgspec.msgpack.encode(layout)).hexdigest(), output=output)
