"""A reference's outputs on disk: every array of an answer, of any dtype."""

import math
from pathlib import Path

import msgspec
import numpy as np
import pytest

from app.core.tolerance import Tolerance
from app.core.verdict import Mode
from app.errors import ProblemError
from app.grading.plan.checks import checks_of
from app.grading.reference.drift import (
    StoredOutputs,
    collect_outputs,
    measure_drift,
    read_outputs,
    report_drift,
    write_outputs,
)
from app.grading.reference.outputs import ReferenceOutput
from sandbox.arrays import pack_array
from tests.support.compared_arrays import Array
from tests.support.output_problems import several_outputs


def _stored(scores: Array, order: Array) -> StoredOutputs:
    check, *_ = checks_of(several_outputs("tuple"), Mode.RUN, fresh_seed=None)
    arrays = {"scores": pack_array(scores), "order": pack_array(order)}
    return collect_outputs("1", {}, [check], [ReferenceOutput(arrays=arrays)])


def test_each_output_has_its_own_key() -> None:
    stored = _stored(np.array([1 + 2j, 3]), np.array([[1, 0]], np.int32))
    assert stored.outputs == {"shown/scores": [1.0, 2.0, 3.0, 0.0], "shown/order": [1, 0]}


@pytest.mark.parametrize(
    ("order", "absolute", "worst"),
    [([1, 0], 0.0, 0.0), ([1, 1], 0.5, 2.0), ([1, 1], 0.0, math.inf), ([1, 0, 0], 0.5, math.inf)],
)
def test_drift_is_measured_in_units_of_the_tolerance(order: list[int], absolute: float, worst: float) -> None:
    """No tolerance at all allows no drift, and equal numbers have none."""
    before, now = (_stored(np.ones(1), np.array(numbers, np.float32)) for numbers in ([1, 0], order))
    drift = measure_drift(before, now, Tolerance(absolute=absolute, relative=0.0))
    assert drift.worst == worst
    assert drift.where == ("shown/order" if worst else "")


@pytest.mark.parametrize(
    ("before", "now"), [(1.0, np.nan), (np.nan, np.nan), (np.nan, 1.0), (1.0, np.inf), (-np.inf, -np.inf)]
)
def test_a_reference_that_is_no_longer_finite_has_drifted_infinitely_far(before: float, now: float) -> None:
    """Its NaN was taken for no drift at all."""
    order = np.array([0])
    drift = measure_drift(_stored(np.array([before]), order), _stored(np.array([now]), order), Tolerance())
    assert (drift.worst, drift.where, drift.is_tolerable) == (math.inf, "shown/scores", False)


def test_integers_do_not_drift_by_one() -> None:
    """50,001 is no 50,000, also where an older file wrote floats; complex numbers drift in the plane."""
    before, now = (_stored(np.ones(1), np.array([number])) for number in (50_000, 50_001))
    older = msgspec.structs.replace(before, outputs={**before.outputs, "shown/order": [50_000.0]})
    for stored in (before, older):
        assert measure_drift(stored, now, Tolerance()).worst == math.inf
        assert measure_drift(stored, before, Tolerance()).worst == 0.0
    one, other = (_stored(np.array([number]), np.array([0])) for number in (3 + 4j, 3.003 + 4j))
    assert measure_drift(one, other, Tolerance(absolute=0.0, relative=1e-3)).worst == pytest.approx(0.6)


def test_what_is_not_finite_is_not_stored(tmp_path: Path) -> None:
    """The file could not be read again."""
    with pytest.raises(ProblemError, match="answer to shown/scores is not finite"):
        write_outputs(tmp_path, _stored(np.array([np.nan]), np.array([0])))
    finite = _stored(np.array([1 + 2j]), np.array([2**62 + 1]))
    write_outputs(tmp_path, finite)
    assert read_outputs(tmp_path) == finite


def test_what_cannot_be_compared_is_said_and_is_no_drift() -> None:
    """Nothing is stored, or what is stored is another version's."""
    today = _stored(np.ones(1), np.array([0]))
    other = msgspec.structs.replace(today, version="2")
    reports = [report_drift(stored, today, Tolerance()) for stored in (None, other, today)]
    assert [(report.is_compared, report.is_tolerable) for report in reports] == [
        (False, True),
        (False, True),
        (True, True),
    ]
    assert reports[1].said == "the problem has changed since its outputs were stored"
    assert reports[2].said == "0 of the tolerance"
