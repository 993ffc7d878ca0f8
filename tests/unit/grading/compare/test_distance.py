"""Distances in units of the tolerance agree with what the comparator lets pass."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from app.core.outcome import Outcome
from app.core.tolerance import Tolerance
from app.grading.compare.arrays import compare
from app.grading.compare.distance import distance, spread
from sandbox.arrays import pack_array

_TOLERANCE = Tolerance(absolute=1e-3, relative=1e-2)
_NUMBERS = st.floats(-100, 100, width=32)


@given(expected=arrays(np.float32, 5, elements=_NUMBERS), off=arrays(np.float32, 5, elements=_NUMBERS))
def test_what_lies_within_one_passes(expected: np.ndarray, off: np.ndarray) -> None:
    """One is the border: the table and the verdict never disagree."""
    answer, wanted = pack_array(expected + off / 100), pack_array(expected)
    value = distance({"": answer}, {"": wanted}, _TOLERANCE)
    passed = compare(answer, wanted, _TOLERANCE, dtype="float32").outcome is Outcome.PASSED
    if abs(value - 1) > 1e-9:  # On the very border one division decides.
        assert passed == (value <= 1)


def test_a_distance_counts_tolerances() -> None:
    expected = pack_array(np.array([0.0, 100.0]))
    answer = pack_array(np.array([0.002, 100.0 + 3 * 1.001]))
    assert math.isclose(distance({"": answer}, {"": expected}, _TOLERANCE), 3.0)


def test_another_dtype_is_no_distance() -> None:
    """A float64 run can be measured against a float32 answer."""
    numbers = np.array([1.0, 2.0], np.float32)
    answer = pack_array(numbers.astype(np.float64))
    assert distance({"": answer}, {"": pack_array(numbers)}, _TOLERANCE) == 0


def test_other_shapes_names_and_numbers_that_are_not_finite_are_infinitely_far() -> None:
    expected = {"": pack_array(np.ones(2))}
    for answer in (
        {"": pack_array(np.ones((2, 1)))},
        {"other": pack_array(np.ones(2))},
        {"": pack_array(np.array([1.0, np.nan]))},
        {"": pack_array(np.array([1.0, np.inf]))},
        {},
    ):
        assert distance(answer, expected, _TOLERANCE) == math.inf


def test_integers_are_exact() -> None:
    """However wide the tolerance: the comparator has no tolerance for them either."""
    expected = {"": pack_array(np.array([10_000, 3]))}
    assert distance({"": pack_array(np.array([10_000, 3]))}, expected, _TOLERANCE) == 0
    assert distance({"": pack_array(np.array([10_001, 3]))}, expected, _TOLERANCE) == math.inf


def test_no_tolerance_at_all_leaves_zero_or_infinity() -> None:
    exact = Tolerance(absolute=0.0, relative=0.0)
    expected = {"": pack_array(np.array([1.0]))}
    assert distance(expected, expected, exact) == 0
    assert distance({"": pack_array(np.array([1.0 + 1e-9]))}, expected, exact) == math.inf


def test_the_worst_of_several_outputs_counts() -> None:
    expected = {"a": pack_array(np.zeros(2)), "b": pack_array(np.zeros(3))}
    answer = {"a": pack_array(np.zeros(2)), "b": pack_array(np.array([0.0, 0.005, 0.0]))}
    assert math.isclose(distance(answer, expected, _TOLERANCE), 5.0)


def test_a_spread_is_the_largest_difference_of_any_two() -> None:
    """Two runs on either side of the plain one lie twice as far from each other."""
    expected = {"": pack_array(np.zeros(2))}
    one = {"": pack_array(np.array([0.001, 0.0]))}
    other = {"": pack_array(np.array([-0.002, 0.0]))}
    assert math.isclose(spread([one, other], expected, _TOLERANCE), 3.0)
    assert spread([], expected, _TOLERANCE) == 0
    assert spread([{"": pack_array(np.zeros(3))}], expected, _TOLERANCE) == math.inf
    assert spread([{"": pack_array(np.array([np.nan, 0.0]))}], expected, _TOLERANCE) == math.inf
