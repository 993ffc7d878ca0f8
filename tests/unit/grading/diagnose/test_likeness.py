"""What a wrong value is instead, in the numbers of the stages before it."""

import math

import numpy as np
import pytest

from app.grading.diagnose.likeness import likeness
from app.grading.diagnose.significance import Array

_RNG = np.random.default_rng(46)
_X, _NORMED, _ATTENDED = _RNG.normal(size=(3, 5, 8))
_EARLIER = {"x": _X, "ln1": _NORMED, "attention": _ATTENDED}
_RIGHT = _X + _ATTENDED
_EXACT = _X * (1 + np.vectorize(math.erf)(_X / math.sqrt(2))) / 2


def _gelu(x: Array) -> Array:
    return np.asarray(x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))) / 2)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (_NORMED + _ATTENDED, "the sum of `ln1` and `attention`"),
        (_X * _ATTENDED, "the product of `x` and `attention`"),
        (_X - _ATTENDED, "`x` less `attention`"),
        (_ATTENDED, "`attention` itself"),
        (_X[1], "row 1 of `x`"),
        (_X[1:2], "row 1 of `x`"),
        (_X.mean(axis=0), "the mean of the rows of `x`"),
        (_X.max(axis=0)[None], "the maximum of the rows of `x`"),
        (np.maximum(_X, 0), "ReLU of `x`"),
        (_EXACT.astype(np.float32), "the exact GELU (`approximate=False`) of `x`"),
    ],
)  # fmt: skip
def test_each_is_named(given: Array, words: str) -> None:
    right = _gelu(_X) if "LU" in words else _RIGHT
    assert likeness(given.astype(np.float64), right, _EARLIER) == words


def test_another_gelu_is_told_from_the_right_one() -> None:
    """They differ in the fourth digit, and the right one is never named."""
    assert likeness(_gelu(_X), _gelu(_X), _EARLIER) == ""
    assert "the tanh approximation" in likeness(_gelu(_X), _EXACT, _EARLIER)


def test_what_nothing_explains_is_not_named() -> None:
    for given in (
        _RIGHT + 1,
        _RIGHT * 1.0001,
        _RNG.normal(size=(5, 8)),
        np.zeros((5, 8)),
        np.full((5, 8), np.nan),
    ):
        assert likeness(given, _RIGHT, _EARLIER) == ""
    assert likeness(np.ones(2), np.zeros(2), {"x": np.ones(2)}) == "", "two numbers say too little"


def test_a_value_that_is_also_right_is_not_named() -> None:
    """A step that changes nothing here, such as positions of zero."""
    assert likeness(_X, _X, _EARLIER) == ""
