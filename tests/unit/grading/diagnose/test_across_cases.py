"""What only several answers together show."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.core.tolerance import Tolerance
from app.grading.diagnose.across_cases import CaseAnswer, across_cases
from app.grading.diagnose.error_pattern import Pair
from app.grading.diagnose.significance import Array

_TOLERANCE = Tolerance(absolute=1e-5, relative=1e-4)
_seeds = st.integers(0, 2**32 - 1)
_sizes = st.integers(4, 12)


def _right(seed: int, count: int, size: int) -> list[Array]:
    return list(np.random.default_rng(seed).normal(0.0, 2.0, (count, size)))


def _answer(question: int, got: Array, right: Array, *, is_plain: bool = True) -> CaseAnswer:
    passed = got.shape == right.shape and bool(np.allclose(got, right, rtol=1e-4, atol=1e-5))
    return CaseAnswer(
        question=bytes([question]), pair=Pair(got=got, expected=right), passed=passed, is_plain=is_plain
    )


def _found(given: list[Array], right: list[Array]) -> str | None:
    answers = [_answer(place, *pair) for place, pair in enumerate(zip(given, right, strict=True))]
    shape = across_cases(answers, _TOLERANCE)
    return shape.id if shape else None


@given(_seeds, _sizes)
def test_the_answer_of_another_case_is_found(seed: int, size: int) -> None:
    """As a cache with the wrong key gives it; a case answered rightly may be among them."""
    right = _right(seed, 4, size)
    assert _found([right[1], right[2], right[3], right[0]], right) == "answer_of_another_case"
    assert _found([right[0], right[0], right[2], right[0]], right) != "constant_output"
    assert _found([right[1], right[0], right[2] + 1, right[3]], right) is None, "not all that fail"


@given(_seeds, _sizes, st.floats(-5, 5))
def test_the_same_number_everywhere_is_found(seed: int, size: int, number: float) -> None:
    right = _right(seed, 3, size)
    assert _found([np.full(size, number)] * 3, right) == "constant_output"


@given(_seeds, _sizes)
def test_one_answer_for_all_inputs_is_found(seed: int, size: int) -> None:
    right, [same] = _right(seed, 3, size), _right(seed + 1, 1, size)
    assert _found([same] * 3, right) == "same_for_all_cases"
    assert _found([same, same, same + 1], right) is None
    assert _found([same], right[:1]) is None, "there is nothing to compare it with"


@given(_seeds, _sizes)
def test_unrelated_answers_show_nothing(seed: int, size: int) -> None:
    assert _found(_right(seed + 1, 4, size), _right(seed, 4, size)) is None


@given(_seeds, _sizes)
def test_a_call_that_is_right_only_the_first_time_is_found(seed: int, size: int) -> None:
    """A, B, A: the last is wrong, so something was kept."""
    right = _right(seed, 2, size)
    answers = [_answer(0, right[0], right[0]), _answer(1, right[1], right[1]), _answer(0, right[1], right[0])]
    found = across_cases(answers, _TOLERANCE)
    assert found is not None
    assert found.id == "kept_between_calls"
    wrong_at_once = [_answer(0, right[0] + 1, right[0]), *answers[1:]]
    found = across_cases(wrong_at_once, _TOLERANCE)
    assert found is None or found.id != "kept_between_calls"


def test_small_answers_show_nothing() -> None:
    """A class or a single number is another case's by chance."""
    right = [np.asarray([1.0]), np.asarray([2.0]), np.asarray([3.0])]
    assert _found([right[1], right[2], right[0]], right) is None
    assert _found([np.asarray([7.0]), np.asarray([7.0])], right[:2]) is None


def test_only_answers_with_parameters_handed_in_fail() -> None:
    """Then nothing is said about cases, all of which are right."""
    right = _right(3, 2, 5)
    answers = [_answer(0, right[0], right[0]), _answer(1, right[0] + 1, right[1], is_plain=False)]
    assert across_cases(answers, _TOLERANCE) is None
