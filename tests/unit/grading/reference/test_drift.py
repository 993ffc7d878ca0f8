"""A reference's outputs on disk: every array of an answer, of any dtype."""

import math

import numpy as np
import pytest

from app.core.tolerance import Tolerance
from app.core.verdict import Mode
from app.grading.plan.checks import checks_of
from app.grading.reference.drift import StoredOutputs, collect_outputs, measure_drift
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
    assert stored.outputs == {"shown/scores": [1.0, 2.0, 3.0, 0.0], "shown/order": [1.0, 0.0]}


@pytest.mark.parametrize(
    ("order", "absolute", "worst"),
    [([1, 0], 0.0, 0.0), ([1, 1], 0.5, 2.0), ([1, 1], 0.0, math.inf), ([1, 0, 0], 0.5, math.inf)],
)
def test_drift_is_measured_in_units_of_the_tolerance(order: list[int], absolute: float, worst: float) -> None:
    """No tolerance at all allows no drift, and equal numbers have none."""
    before, now = (_stored(np.ones(1), np.array(numbers)) for numbers in ([1, 0], order))
    drift = measure_drift(before, now, Tolerance(absolute=absolute, relative=0.0))
    assert drift.worst == worst
    assert drift.where == ("shown/order" if worst else "")
