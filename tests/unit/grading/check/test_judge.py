"""One call's report → a row: what a sample case shows, and what a hidden one never does."""

import re

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.outcome import Outcome
from app.core.problem import Problem
from app.core.tolerance import Tolerance
from app.core.verdict import CaseResult, Difference, Mode, Visibility
from app.grading.check.judge import judge
from app.grading.compare.arrays import compare
from app.grading.plan.checks import Check, checks_of
from app.grading.present.details import result_details
from app.grading.reference.outputs import ReferenceOutput
from sandbox.arrays import WireArray, pack_array
from sandbox.interface import CallResult
from tests.support.compared_arrays import Array
from tests.support.output_problems import several_outputs
from tests.support.toy_problem import toy_problem

_TOY = toy_problem()
_SEVERAL = several_outputs("tuple")
_EXPECTED = np.array([1.25, -2.5, 3.75, 8.0], np.float32)


def _check(problem: Problem, visibility: Visibility) -> Check:
    checks = checks_of(problem, Mode.SUBMIT, fresh_seed=None)
    return next(check for check in checks if check.visibility is visibility)


def _judge(
    answer: Array | WireArray, expected: Array = _EXPECTED, *, visibility: Visibility = Visibility.SAMPLE
) -> CaseResult:
    wire = answer if isinstance(answer, WireArray) else pack_array(answer)
    call = CallResult(index=0, wall_seconds=0.1, arrays={"": wire})
    return judge(_TOY, _check(_TOY, visibility), call, ReferenceOutput(arrays={"": pack_array(expected)}))


def test_a_sample_row_shows_the_first_five_differences_and_a_picture() -> None:
    expected = np.arange(8, dtype=np.float32)
    case_result = _judge(expected + np.array([0, 1, 0, 1, 1, 1, 1, -9], np.float32), expected)
    assert (case_result.outcome, case_result.mismatched, case_result.size) == (Outcome.WRONG_VALUE, 6, 8)
    assert (case_result.max_abs_error, case_result.max_abs_error_at) == (9.0, (7,))
    assert [(found.at, found.expected, found.got) for found in case_result.differences] == [
        ((index,), float(index), index + 1.0) for index in (1, 3, 4, 5, 6)
    ]
    assert "6 of 8 numbers differ" in case_result.picture


def test_numbers_that_are_not_finite_are_the_differences_of_their_row() -> None:
    case_result = _judge(np.array([1.25, np.nan, 0, -np.inf], np.float32))
    assert case_result.outcome is Outcome.NOT_FINITE
    assert [(found.at, found.expected, found.got) for found in case_result.differences] == [
        ((1,), -2.5, None),
        ((3,), 8.0, None),
    ]
    assert case_result.message == "2 of 4 numbers are NaN or infinite; the first, at [1], is NaN"


@pytest.mark.parametrize(
    ("dtype", "got", "expected", "shown"),
    [
        ("int64", 2**53 + 1, 2**53, (2**53, None, 2**53 + 1, None)),
        ("uint64", 2**64 - 1, 0, (0, None, 2**64 - 1, None)),
        ("bool", False, True, (True, None, False, None)),
        ("complex64", 1 - 2j, 3j, (0.0, 3.0, 1.0, -2.0)),
        ("complex64", complex(np.nan, 2), 3j, (0.0, 3.0, None, 2.0)),
    ],
)
def test_differences_keep_what_the_dtype_holds(
    dtype: str, got: complex, expected: complex, shown: tuple[float | None, ...]
) -> None:
    """The last digit of an integer, the logical value, both parts of a complex number; through JSON too."""
    answer, reference = (pack_array(np.array([number], dtype)) for number in (got, expected))
    found = compare(answer, reference, Tolerance(), dtype=dtype)
    [reported] = result_details(found, answer, reference, Tolerance()).differences
    again = msgspec.json.decode(msgspec.json.encode(reported), type=Difference)
    parts = (again.expected, again.expected_imaginary, again.got, again.got_imaginary)
    assert [(type(part), part) for part in parts] == [(type(part), part) for part in shown]


@pytest.mark.parametrize(
    "answer",
    [
        _EXPECTED + 1,
        np.full(4, np.nan, np.float32),
        _EXPECTED[None],
        _EXPECTED.astype(np.float64),
        np.array([1.25, -2.5, 3.75, 8.5], np.float32),
    ],
)
def test_a_hidden_row_holds_no_number_of_its_case(answer: Array) -> None:
    """Not in a count, a place, a picture or a word."""
    case_result = _judge(answer, visibility=Visibility.HIDDEN)
    assert case_result.outcome is not Outcome.PASSED
    bare = CaseResult(
        name=case_result.name,
        visibility=Visibility.HIDDEN,
        outcome=case_result.outcome,
        points=case_result.points,
        wall_seconds=0.1,
        message=case_result.message,
    )
    assert case_result == bare
    # The dtype's and the shape that is asked for.
    assert not re.search(r"\d", case_result.message.replace("float32", "").replace("(4,)", ""))
    shown = _judge(answer)
    assert shown.outcome is case_result.outcome
    assert shown.message != case_result.message or shown.differences


@given(
    dtype=st.sampled_from(["float32", "bool", "bfloat16", "object", "V8", "int64", "\ud83d", ""]),
    shape=st.lists(st.sampled_from([-1, 0, 1, 2, 4, 2**31, 2**63]), max_size=6),
    data=st.binary(max_size=32),
    visibility=st.sampled_from(Visibility),
)
def test_no_forged_array_raises_in_the_worker(
    dtype: str, shape: list[int], data: bytes, visibility: Visibility
) -> None:
    """A hostile process may send any bytes; they become a row."""
    case_result = _judge(WireArray(dtype=dtype, shape=tuple(shape), data=data), visibility=visibility)
    if case_result.outcome is Outcome.PASSED:
        assert data == _EXPECTED.tobytes()


@pytest.mark.parametrize("names", [("scores",), ("scores", "order", "positive", "more"), ("a", "b", "c")])
def test_parts_of_other_names_than_asked_for_are_forged(names: tuple[str, ...]) -> None:
    """The child only ever sends them all, or none."""
    wire = pack_array(_EXPECTED)
    asked = [output.name for output in _SEVERAL.manifest.entry.outputs]
    expected = ReferenceOutput(arrays=dict.fromkeys(asked, wire))
    call = CallResult(index=0, wall_seconds=0.1, arrays=dict.fromkeys(names, wire))
    case_result = judge(_SEVERAL, _check(_SEVERAL, Visibility.SAMPLE), call, expected)
    assert case_result.outcome is Outcome.SANDBOX_VIOLATION


def test_a_single_array_where_several_are_asked_for_is_forged_too() -> None:
    wire = pack_array(_EXPECTED)
    asked = [output.name for output in _SEVERAL.manifest.entry.outputs]
    expected = ReferenceOutput(arrays=dict.fromkeys(asked, wire))
    call = CallResult(index=0, wall_seconds=0.1, arrays={"": wire})
    case_result = judge(_SEVERAL, _check(_SEVERAL, Visibility.SAMPLE), call, expected)
    assert case_result.outcome is Outcome.SANDBOX_VIOLATION


@pytest.mark.parametrize(
    ("found", "advice"),
    [
        ("a Param", ": `[...]` behind a parameter"),
        ("None", ": is a `return` missing?"),
        ("a generator", ": a function with `yield` in it"),
        ("a coroutine", ": an `async` function"),
    ],
)
def test_what_is_no_array_is_told_with_what_to_do(found: str, advice: str) -> None:
    """Of a sample case alone: what a hidden call returned is its code's to choose."""
    call = CallResult(index=0, wall_seconds=0.1, not_an_array=found)
    shown, hidden = (
        judge(
            _TOY, _check(_TOY, visibility), call, ReferenceOutput(arrays={"": pack_array(_EXPECTED)})
        ).message
        for visibility in (Visibility.SAMPLE, Visibility.HIDDEN)
    )
    assert shown.startswith(f"the function returned {found}; an array of numbers is asked for{advice}")
    assert hidden == "the function returned no array; an array of numbers is asked for"
