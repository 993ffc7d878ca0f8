"""Several arrays are compared by name, and the first thing to mend is told first."""

import numpy as np
import pytest

from app.core.outcome import Outcome
from app.core.tolerance import Tolerance
from app.grading.compare.arrays import Comparison, compare_outputs, outputs_match
from sandbox.arrays import pack_array
from tests.support.compared_arrays import Array

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
