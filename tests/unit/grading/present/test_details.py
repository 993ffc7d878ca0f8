"""Advice on a wrong shape is certain, or is not given."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from app.core.tolerance import Tolerance
from app.grading.present.details import shape_advice
from tests.support.compared_arrays import Array

_VECTOR = np.arange(1.0, 7.0)
_MATRIX = _VECTOR.reshape(2, 3)


def _advice(got: Array, expected: Array) -> str:
    return shape_advice(got, expected, Tolerance())


@pytest.mark.parametrize(
    ("got", "expected", "said"),
    [
        (_VECTOR[None], _VECTOR, "take the one row with `[0]`"),
        (_MATRIX[None], _MATRIX, "take away the first axis with `[0]`"),
        (_VECTOR[:, None], _VECTOR, "take away the last axis with `[..., 0]`"),
        (_VECTOR, _VECTOR[None], "put an axis in front with `[None]`"),
        (_VECTOR, _VECTOR[:, None], "put an axis behind with `[..., None]`"),
        (_MATRIX, _VECTOR, "flatten them with `.reshape(-1)`"),
        (_VECTOR, _MATRIX, "put them in order with `.reshape(2, 3)`"),
        (_MATRIX.T, _MATRIX, "only the axes stand in another order, which `.T` mends"),
        (
            np.arange(24.0).reshape(2, 3, 4).transpose(2, 0, 1),
            np.arange(24.0).reshape(2, 3, 4),
            "only the axes stand in another order, which `.transpose(1, 2, 0)` mends",
        ),
        (np.stack([_VECTOR + 1, _VECTOR, _VECTOR - 1]), _VECTOR, "take only row 1 with `[1]`"),
    ],
)
def test_right_numbers_in_another_shape_get_the_way_to_mend_it(
    got: Array, expected: Array, said: str
) -> None:
    assert _advice(got, expected) == f"the numbers are right: {said}"


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        (_VECTOR[None] + 1, _VECTOR),
        (np.full((1, 6), np.nan), _VECTOR),
        (np.ones((1, 6)), np.ones(6)),
        (np.stack([_VECTOR, _VECTOR]), _VECTOR),
        (_VECTOR[:3], _VECTOR),
        (np.zeros((0, 6)), _VECTOR),
        (np.array(1.0), np.array([1.0])),
    ],
)
def test_where_nothing_is_certain_nothing_is_said(got: Array, expected: Array) -> None:
    """Other numbers, numbers that are all alike, or two rows that fit."""
    assert _advice(got, expected) == ""


@given(
    hnp.arrays(np.float64, hnp.array_shapes(max_dims=3, max_side=4), elements=st.floats(-9, 9)),
    hnp.array_shapes(min_dims=0, max_dims=3, max_side=4),
)
def test_what_is_advised_gives_the_answer(got: NDArray[np.float64], shape: tuple[int, ...]) -> None:
    """The advice is followed to the letter."""
    expected = np.resize(got, shape)
    if expected.shape == got.shape:
        return
    advice = _advice(got, expected)
    if advice:
        change = advice.split("`")[1]
        changed = eval(f"got{change}", {"got": got, "None": None})  # noqa: S307 - our own advice
        np.testing.assert_allclose(changed, expected, rtol=1e-4, atol=1e-5)
