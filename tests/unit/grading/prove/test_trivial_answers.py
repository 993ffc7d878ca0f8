"""Answers that need no understanding are measured as any other, and refused where they pass."""

import numpy as np
import pytest
from numpy.typing import ArrayLike

from app.core.tolerance import Tolerance
from app.core.verdict import Visibility
from app.grading.compare.distance import distance
from app.grading.plan.checks import Check
from app.grading.prove.reasons import Reason
from app.grading.prove.reference_calls import Conditions
from app.grading.prove.results import SolutionResult
from app.grading.prove.trivial_answers import best_constant, shaped_like, trivial_results
from sandbox.arrays import WireArray, pack_array, unpack_array
from sandbox.interface import Call, CallMode

_TOLERANCE = Tolerance(absolute=1e-2, relative=0.0)


def _results(
    answer: ArrayLike,
    given: ArrayLike = (5.0, 6.0, 7.0),
    *,
    other_seed: ArrayLike | None = None,
    narrow: ArrayLike | None = None,
    dtype: str = "float32",
) -> dict[str, SolutionResult]:
    check = Check(
        name="case",
        visibility=Visibility.SAMPLE,
        points=1.0,
        call=Call(function="f", arguments=(pack_array(np.asarray(given, np.float32)),)),
    )
    conditions = Conditions(
        by_mode={CallMode.BFLOAT16: {} if narrow is None else {"case": _arrays(narrow)}},
        other_seed={} if other_seed is None else {"case": _arrays(other_seed)},
    )
    results = trivial_results([check], {"case": _arrays(answer, dtype)}, conditions, _TOLERANCE)
    return {result.id: result for result in results}


def _arrays(numbers: ArrayLike, dtype: str = "float32") -> dict[str, WireArray]:
    return {"": pack_array(np.asarray(numbers, dtype))}


def test_an_answer_that_takes_work_is_none_of_them() -> None:
    results = _results([1.0, 2.0, 4.0], other_seed=[3.0, 1.0, 0.0], narrow=[1.0, 2.0, 4.1])
    assert set(results) == {"zeros", "constant", "the_input", "another_seed", "bfloat16"}
    for result in results.values():
        assert result.failed == ("case",)
        assert result.distances["case"] > 1
        assert result.faults == ()


@pytest.mark.parametrize(
    ("name", "result"),
    [
        ("zeros", _results([0.001, -0.002, 0.0])["zeros"]),
        ("constant", _results([1.0, 1.01, 1.005])["constant"]),
        ("the_input", _results([5.0, 6.0, 7.0])["the_input"]),
        ("another_seed", _results([1.0, 2.0, 4.0], other_seed=[1.0, 2.0, 4.0])["another_seed"]),
        ("bfloat16", _results([1.0, 2.0, 4.0], narrow=[1.0, 2.005, 4.0])["bfloat16"]),
    ],
)
def test_one_that_passes_is_refused(name: str, result: SolutionResult) -> None:
    assert result.distances["case"] <= 1
    [fault] = result.faults
    assert fault.reason is Reason.TRIVIAL_ANSWER_PASSES
    assert "case" in fault.message


def test_the_best_constant_is_tried() -> None:
    """Not the mean: where any number at all passes everywhere, it is found."""
    expected = pack_array(np.array([0.0, 0.0, 0.0, 0.02]))
    constant = best_constant(expected, _TOLERANCE)
    assert distance({"": constant}, {"": expected}, _TOLERANCE) <= 1
    mean = pack_array(np.full(4, 0.005))
    assert distance({"": mean}, {"": expected}, _TOLERANCE) > 1


def test_a_single_number_is_no_constant() -> None:
    """It would always be its own; zeros stand for it."""
    results = _results([3.0])
    assert results["constant"].distances == {}
    assert results["constant"].faults == ()
    assert results["zeros"].failed == ("case",)


def test_a_larger_input_is_cut_and_a_smaller_one_left_out() -> None:
    expected = pack_array(np.zeros((1, 2)))
    cut = shaped_like(pack_array(np.arange(6.0).reshape(2, 3)), expected)
    assert cut is not None
    np.testing.assert_array_equal(unpack_array(cut), [[0.0, 1.0]])
    assert shaped_like(pack_array(np.arange(1.0)), expected) is None
    assert _results([1.0, 2.0, 4.0, 8.0])["the_input"].distances == {}


def test_integers_have_no_bfloat16_version() -> None:
    """Labels may well stay the same, and prove nothing by it."""
    result = _results([1, 2, 4], narrow=[1, 2, 4], dtype="int32")["bfloat16"]
    assert (result.distances, result.faults) == ({}, ())
