"""The comparator's laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from app.core.outcome import Outcome
from app.core.tolerance import Tolerance
from app.grading.compare import Comparison, compare
from sandbox.arrays import WireArray, pack_array

Floats = NDArray[np.float32]

_finite = hnp.arrays(
    np.float32,
    hnp.array_shapes(max_dims=3, max_side=5),
    elements=st.floats(-1e6, 1e6, width=32),
)


def _compare(answer: Floats, expected: Floats, tolerance: Tolerance | None = None) -> Comparison:
    return compare(pack_array(answer), pack_array(expected), tolerance or Tolerance(), dtype="float32")


@given(_finite)
def test_every_array_equals_itself(array: Floats) -> None:
    """The reference's own answer is always accepted, with no tolerance at all."""
    found = _compare(array, array, Tolerance(absolute=0.0, relative=0.0))
    assert (found.outcome, found.max_abs_error, found.mismatched) == (Outcome.PASSED, 0.0, 0)


@given(_finite, st.data())
def test_one_number_beyond_the_tolerance_fails(array: Floats, data: st.DataObject) -> None:
    """No average, no majority: each number counts."""
    index = data.draw(st.integers(0, array.size - 1))
    tolerance = Tolerance(absolute=1e-3, relative=1e-3)
    answer = array.copy()
    answer.flat[index] += np.float32(4e-3 * (1 + abs(float(array.flat[index]))))
    found = _compare(answer, array, tolerance)
    assert (found.outcome, found.mismatched) == (Outcome.WRONG_VALUE, 1)


@given(_finite, st.data(), st.sampled_from([np.nan, np.inf, -np.inf]))
def test_a_broken_number_never_passes(array: Floats, data: st.DataObject, broken: float) -> None:
    """NaN is no wildcard, and infinity does not widen the tolerance."""
    answer = array.copy()
    answer.flat[data.draw(st.integers(0, array.size - 1))] = broken
    found = _compare(answer, array, Tolerance(absolute=0.9, relative=0.9))
    assert (found.outcome, found.mismatched) == (Outcome.NOT_FINITE, 1)


@given(_finite, st.floats(1.5, 1e3))
def test_the_scale_comes_from_the_reference(array: Floats, factor: float) -> None:
    """An answer does not become right by being large."""
    expected = np.zeros_like(array)
    answer = np.full_like(array, factor)
    assert _compare(answer, expected, Tolerance(absolute=1e-5, relative=0.9)).outcome is Outcome.WRONG_VALUE


@given(_finite)
def test_nothing_is_broadcast(array: Floats) -> None:
    """A further axis of length 1 is another shape."""
    found = _compare(array[None], array)
    assert found.outcome is Outcome.WRONG_SHAPE
    assert found.max_abs_error is None


@given(_finite)
def test_another_dtype_is_named(array: Floats) -> None:
    wide = array.astype(np.float64)
    found = compare(pack_array(wide), pack_array(array), Tolerance(), dtype="float32")
    assert found.outcome is Outcome.WRONG_DTYPE
    assert "float64" in found.message


def test_shape_is_told_before_dtype_and_dtype_before_values() -> None:
    """The first thing to mend is told first."""
    expected = pack_array(np.ones(3, np.float32))
    both = pack_array(np.full((3, 1), np.nan, np.float64))
    assert compare(both, expected, Tolerance(), dtype="float32").outcome is Outcome.WRONG_SHAPE
    dtype = pack_array(np.full(3, np.nan, np.float64))
    assert compare(dtype, expected, Tolerance(), dtype="float32").outcome is Outcome.WRONG_DTYPE


def test_a_forged_frame_is_a_violation() -> None:
    """Bytes that do not make the array they claim to be come only from an attack."""
    forged = WireArray(dtype="float32", shape=(3,), data=b"12")
    found = compare(forged, pack_array(np.ones(3, np.float32)), Tolerance(), dtype="float32")
    assert found.outcome is Outcome.SANDBOX_VIOLATION


@pytest.mark.parametrize("shape", [(0,), (3, 0)])
def test_empty_answers_compare(shape: tuple[int, ...]) -> None:
    empty = np.zeros(shape, np.float32)
    assert _compare(empty, empty).outcome is Outcome.PASSED


def test_errors_are_measured_in_double_precision() -> None:
    expected = np.array([1.0, 100.0], np.float32)
    found = _compare(np.array([1.5, 100.0], np.float32), expected)
    assert (found.max_abs_error, found.max_rel_error, found.mismatched, found.size) == (0.5, 0.5, 1, 2)
