"""The labels that a trained model gives, counted against the right ones."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from app.core.generators import generate
from app.core.outcome import Outcome
from app.core.probes.accuracy import AccuracyProbe
from app.core.problem import Problem
from app.core.verdict import CaseResult
from app.grading.check.case_result import case_result, no_arrays
from app.grading.compare.arrays import FORGED
from app.grading.phrases import shape_words
from app.grading.plan.checks import Check
from app.grading.reference.outputs import ReferenceOutput
from sandbox.arrays import BadArray, WireArray, unpack_array
from sandbox.interface import CallResult

_INTEGER_KINDS = "iu"
_NO_LABEL = -1


def judge(problem: Problem, check: Check, call: CallResult, expected: ReferenceOutput) -> CaseResult:
    """Give full points from `full` on; from `part` on some, growing evenly up to there.

    Of a hidden check only whole percents are told, and partial points follow them: a count that
    moves with each changed label would give the labels away, one by one.
    """
    probe = check.probe
    assert isinstance(probe, AccuracyProbe)
    if not call.arrays:
        return no_arrays(problem, check, call)
    labels = np.asarray(generate(probe.labels))
    answer = next(iter(call.arrays.values()))
    try:
        predicted = _labels(answer, labels.size)
    except BadArray as error:
        message = FORGED if check.call.is_hidden else f"{FORGED}: {error}"
        return case_result(check, Outcome.SANDBOX_VIOLATION, message, call.wall_seconds)
    if predicted is None:
        given = f"{answer.dtype} of shape {shape_words(answer.shape)}"
        yours = "" if check.call.is_hidden else f", yours is {given}"
        message = f"{_asked(labels.size)} are asked for{yours}"
        return case_result(check, Outcome.WRONG_SHAPE, message, call.wall_seconds)
    right = int((predicted == labels).sum())
    outcome = Outcome.PASSED if right / labels.size >= probe.full else Outcome.WRONG_VALUE
    points = _points(probe, right, labels.size)
    message = _counted(check, probe, right, labels.size) + _in_part(points, probe)
    return msgspec.structs.replace(
        case_result(check, outcome, message, call.wall_seconds), points_reached=points
    )


def _labels(answer: WireArray, count: int) -> NDArray[np.generic] | None:
    """Return one label an example: as given, or the place of its largest score; None where it is neither."""
    array = unpack_array(answer)
    if array.shape == (count,) and array.dtype.kind in _INTEGER_KINDS:
        return array
    if array.ndim == 2 and array.shape[0] == count and array.shape[1] > 1 and array.dtype.kind == "f":
        best = np.argmax(array, axis=1)
        return np.where(np.isfinite(array).all(axis=1), best, _NO_LABEL)
    return None


def _asked(count: int) -> str:
    return f"whole-number labels of shape ({count},) or scores of shape ({count}, classes)"


def _counted(check: Check, probe: AccuracyProbe, right: int, count: int) -> str:
    percent = 100 * right // count
    if check.call.is_hidden:
        return f"{percent} % of the labels are right; {_percent(probe.full)} % are asked for"
    return f"{right} of {count} labels right ({percent} %); {_percent(probe.full)} % are asked for"


def _points(probe: AccuracyProbe, right: int, count: int) -> float:
    if right / count >= probe.full:
        return probe.points
    part = probe.full if probe.part is None else probe.part
    reached = (100 * right // count) / 100
    return probe.points * (reached - part) / (probe.full - part) if reached > part else 0.0


def _in_part(points: float, probe: AccuracyProbe) -> str:
    return f", and {points:.2g} of {probe.points:g} points are reached" if 0 < points < probe.points else ""


def _percent(fraction: float) -> str:
    return f"{100 * fraction:g}"
