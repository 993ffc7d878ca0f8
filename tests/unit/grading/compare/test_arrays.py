"""The comparator's laws; several arrays are compared by name, and the first thing to mend is told first."""

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from app.core.outcome import Outcome
from app.core.tolerance import Tolerance
from app.grading.compare.arrays import Comparison, compare, compare_outputs, matches, outputs_match
from sandbox.arrays import WireArray, pack_array
from tests.support.compared_arrays import INTEGERS, NOT_EMPTY, ROUNDED, Array, arrays, pairs

NONE = Tolerance(absolute=0.0, relative=0.0)
WIDE = Tolerance(absolute=0.9, relative=0.9)
_tolerances = st.builds(Tolerance, absolute=st.floats(0, 0.99), relative=st.floats(0, 0.99))


def _compare(
    answer: Array, expected: Array, tolerance: Tolerance | None = None, dtype: str | None = None
) -> Comparison:
    return compare(
        pack_array(answer),
        pack_array(expected),
        tolerance or Tolerance(),
        dtype=dtype or expected.dtype.name,
    )


@given(arrays())
@example(np.array(1.3e308 + 1.3e308j))
def test_every_finite_array_equals_itself(array: Array) -> None:
    """The reference's own answer is always accepted, with no tolerance at all."""
    found = _compare(array, array, NONE)
    assert (found.outcome, found.max_abs_error, found.mismatched) == (Outcome.PASSED, 0.0, 0)
    assert found.message == found.hidden_message == ""


@given(pairs(ROUNDED), _tolerances)
def test_numbers_beyond_the_tolerance_are_counted_as_numpy_counts_them(
    pair: tuple[Array, Array], tolerance: Tolerance
) -> None:
    """`numpy.isclose` in double precision, with the reference second, says which."""
    got, expected = (array.astype(np.result_type(array, np.float64)) for array in pair)
    found = _compare(*pair, tolerance)
    with np.errstate(all="ignore"):
        assume(bool(np.isfinite(np.abs(expected)).all()))  # NumPy's own scale would allow all.
        close = np.isclose(got, expected, rtol=tolerance.relative, atol=tolerance.absolute)
    assert found.mismatched == int((~close).sum())
    assert found.outcome is (Outcome.PASSED if close.all() else Outcome.WRONG_VALUE)


@given(arrays(ROUNDED, NOT_EMPTY), st.data())
def test_one_number_beyond_the_tolerance_fails(array: Array, data: st.DataObject) -> None:
    """No average, no majority: each number counts, and the place of the largest error is told."""
    index = data.draw(st.tuples(*(st.integers(0, side - 1) for side in array.shape)))
    answer = array.copy()
    with np.errstate(over="ignore"):
        answer[index] += abs(answer[index]) * 0.25 + 1
    assume(np.isfinite(answer).all())
    found = _compare(answer, array, Tolerance(absolute=0.1, relative=1e-3))
    assert (found.outcome, found.mismatched) == (Outcome.WRONG_VALUE, 1)
    assert found.max_abs_error_at == index


@given(arrays(ROUNDED, NOT_EMPTY), st.data(), st.sampled_from([np.nan, np.inf, -np.inf]))
def test_a_broken_number_never_passes(array: Array, data: st.DataObject, broken: float) -> None:
    """NaN is no wildcard, and infinity does not widen the tolerance; the first one's place is told."""
    index = data.draw(st.tuples(*(st.integers(0, side - 1) for side in array.shape)))
    answer = array.copy()
    answer[index] = broken
    found = _compare(answer, array, WIDE)
    assert (found.outcome, found.mismatched) == (Outcome.NOT_FINITE, 1)
    assert ("NaN" if np.isnan(broken) else "infinite") in found.message
    assert array.size == 1 or str(list(index)) in found.message
    assert "[" not in found.hidden_message


@given(arrays(ROUNDED, NOT_EMPTY), st.data(), st.sampled_from([np.nan, np.inf, -np.inf]))
def test_nothing_matches_a_reference_that_is_not_finite(
    array: Array, data: st.DataObject, broken: float
) -> None:
    """Publishing refuses such a reference; here its infinity must not allow everything."""
    index = data.draw(st.tuples(*(st.integers(0, side - 1) for side in array.shape)))
    expected = array.copy()
    expected[index] = broken
    assert _compare(array, expected, WIDE).outcome is Outcome.WRONG_VALUE
    assert _compare(expected, expected, WIDE).outcome is Outcome.NOT_FINITE
    assert not matches(pack_array(expected), pack_array(expected), WIDE)


@given(arrays(("float32",), NOT_EMPTY), st.floats(1.5, 1e3))
def test_the_scale_comes_from_the_reference(array: Array, factor: float) -> None:
    """An answer does not become right by being large."""
    expected = np.zeros_like(array)
    answer = np.full_like(array, factor)
    assert _compare(answer, expected, Tolerance(absolute=1e-5, relative=0.9)).outcome is Outcome.WRONG_VALUE


@given(st.floats(1e-3, 1e3), st.floats(1.01, 1e6), st.floats(1e-9, 0.4))
def test_scaling_the_answer_does_not_widen_the_tolerance(size: float, factor: float, relative: float) -> None:
    """What is allowed stays the same number, however far the answer lies."""
    assume(factor - 1 > relative * 1.01)
    expected = np.array([size])
    tolerance = Tolerance(absolute=0.0, relative=relative)
    assert _compare(expected * factor, expected, tolerance).outcome is Outcome.WRONG_VALUE
    assert _compare(expected * (1 + relative * 0.99), expected, tolerance).outcome is Outcome.PASSED


@given(pairs(shapes=NOT_EMPTY, finite=False), st.integers(0, 2**32 - 1))
def test_putting_both_in_another_order_changes_nothing(pair: tuple[Array, Array], seed: int) -> None:
    """Nor does the order in memory; only the place of the largest error goes with its number."""
    got, expected = pair
    shuffled = np.random.default_rng(seed).permutation(got.size)
    found = _compare(got, expected)
    moved = _compare(got.ravel()[shuffled], expected.ravel()[shuffled])
    columns = _compare(np.array(got, order="F"), np.array(expected, order="F"))
    reported = (found.outcome, found.mismatched, found.max_abs_error, found.max_rel_error)
    assert (moved.outcome, moved.mismatched, moved.max_abs_error, moved.max_rel_error) == reported
    assert columns == found


@given(arrays(shapes=NOT_EMPTY))
def test_nothing_is_broadcast(array: Array) -> None:
    """A further axis of length 1, or one number for all, is another shape."""
    for answer in (array[None], array[..., None], array.ravel()[:1].reshape((1,) * (array.ndim + 1))):
        found = _compare(answer, array)
        assert found.outcome is Outcome.WRONG_SHAPE
        assert (found.max_abs_error, found.mismatched) == (None, None)


@given(pairs(INTEGERS, NOT_EMPTY), _tolerances)
def test_integers_and_logical_values_are_exact(pair: tuple[Array, Array], tolerance: Tolerance) -> None:
    """No tolerance makes one index another, however large it is."""
    got, expected = ([int(number) for number in array.ravel()] for array in pair)
    found = _compare(*pair, tolerance)
    distances = [abs(one - other) for one, other in zip(got, expected, strict=True)]
    assert found.mismatched == sum(distance > 0 for distance in distances)
    assert found.max_abs_error == float(max(distances))


@pytest.mark.parametrize(
    ("dtype", "answer", "expected", "error"),
    [
        ("int64", 2**53 + 1, 2**53, 1.0),
        ("int64", -(2**63), 2**63 - 1, float(2**64 - 1)),
        ("uint64", 2**64 - 1, 0, float(2**64 - 1)),
        ("uint8", 0, 255, 255.0),
        ("int8", -128, 127, 255.0),
        ("bool", True, False, 1.0),
    ],
)
def test_integers_neither_round_nor_wrap(dtype: str, answer: int, expected: int, error: float) -> None:
    """Beyond what a double can count, and over the ends of what the dtype holds."""
    found = _compare(np.array([answer], dtype), np.array([expected], dtype), WIDE)
    assert (found.outcome, found.mismatched, found.max_abs_error) == (Outcome.WRONG_VALUE, 1, error)


@given(pairs(("float16", "float32", "complex64"), NOT_EMPTY, finite=False))
def test_shape_is_told_before_dtype_and_dtype_before_values(pair: tuple[Array, Array]) -> None:
    """The first thing to mend is told first."""
    got, expected = pair
    asked = expected.dtype.name
    wide = got.astype(np.result_type(got, np.float64))
    assert _compare(wide[None], expected, dtype=asked).outcome is Outcome.WRONG_SHAPE
    found = _compare(wide, expected, dtype=asked)
    assert (found.outcome, found.max_abs_error) == (Outcome.WRONG_DTYPE, None)
    assert found.message == f"dtype {asked} is asked for, yours is {wide.dtype.name}"
    if not np.isfinite(got).all():
        assert _compare(got, expected, dtype=asked).outcome is Outcome.NOT_FINITE


@pytest.mark.parametrize(("given_dtype", "asked"), [("bool", "int32"), ("int32", "bool"), ("int64", "int32")])
def test_equal_numbers_of_another_dtype_are_no_match(given_dtype: str, asked: str) -> None:
    answer, expected = np.array([1, 0], given_dtype), np.array([1, 0], asked)
    assert _compare(answer, expected).outcome is Outcome.WRONG_DTYPE


def test_bfloat16_is_compared_by_its_own_values() -> None:
    """Its neighbours lie 2^-7 apart near 1."""
    one, next_to_one = (
        WireArray(dtype="bfloat16", shape=(1,), data=bits) for bits in (b"\x80\x3f", b"\x81\x3f")
    )
    found = compare(next_to_one, one, NONE, dtype="bfloat16")
    assert (found.outcome, found.max_abs_error) == (Outcome.WRONG_VALUE, 2**-7)
    assert compare(next_to_one, one, Tolerance(absolute=0.01), dtype="bfloat16").outcome is Outcome.PASSED


def test_complex_numbers_lie_apart_by_their_distance() -> None:
    answer, expected = np.array([3 + 4j, 1], np.complex64), np.array([0, 1], np.complex64)
    found = _compare(answer, expected)
    assert (found.max_abs_error, found.max_abs_error_at, found.mismatched) == (5.0, (0,), 1)


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


_SCORES = np.array([0.1, 0.9], np.float32)
_ORDER = np.array([0, 1], np.int32)
_NAN = np.array([np.nan, 0.9], np.float32)


def _compared(scores: Array, order: Array) -> Comparison:
    return compare_outputs(
        {"order": pack_array(order), "scores": pack_array(scores)},
        {"scores": pack_array(_SCORES), "order": pack_array(_ORDER)},
        Tolerance(),
        dtypes={"scores": "float32", "order": "int32"},
    )


@pytest.mark.parametrize(
    ("scores", "order", "outcome", "output", "message"),
    [
        (_NAN, _ORDER[None], "wrong_shape", "order", "`order`: shape (2,) is asked for, yours is (1, 2)"),
        (_NAN, _ORDER * 1.0, "wrong_dtype", "order", "`order`: dtype int32 is asked for, yours is float64"),
        (
            _NAN,
            _ORDER[::-1],
            "not_finite",
            "scores",
            "`scores`: 1 of 2 numbers is NaN or infinite; the first, at [0], is NaN",
        ),
        (_SCORES, _ORDER[::-1], "wrong_value", "order", "`order` differs"),
        (_SCORES + 1, _ORDER[::-1], "wrong_value", "scores", "`scores` and `order` differ"),
    ],
)
def test_the_severest_of_all_outputs_is_told(
    scores: Array, order: Array, outcome: str, output: str, message: str
) -> None:
    found = _compared(scores, order)
    assert (found.outcome, found.output, found.message) == (Outcome(outcome), output, message)


def test_where_all_is_right_the_largest_error_is_told() -> None:
    found = _compared(_SCORES + np.float32(1e-6), _ORDER)
    assert (found.outcome, found.output, found.mismatched) == (Outcome.PASSED, "scores", 0)
    assert found.max_abs_error == pytest.approx(1e-6, rel=0.1)


def test_a_single_array_is_told_of_without_a_name() -> None:
    one = {"": pack_array(_SCORES)}
    wrong = {"": pack_array(_SCORES[None])}
    found = compare_outputs(wrong, one, Tolerance(), dtypes={"": "float32"})
    assert found.message == "shape (2,) is asked for, yours is (1, 2)"
    assert outputs_match(one, one, Tolerance())
    assert not outputs_match(wrong, one, Tolerance())
    assert not outputs_match(one, {"scores": one[""]}, Tolerance())
