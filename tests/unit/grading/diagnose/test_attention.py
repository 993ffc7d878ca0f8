"""Mistakes of attention are told apart by the joined heads that they give."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.grading.diagnose.attention import mistake_in_attention
from app.grading.diagnose.significance import Array

_TOKENS, _WIDTH, _HEADS = 5, 12, 3
_RNG = np.random.default_rng(41)
_Q, _K, _V = _RNG.normal(size=(3, _TOKENS, _WIDTH))


def _heads(x: Array) -> Array:
    return x.reshape(_TOKENS, _HEADS, -1).swapaxes(0, 1)


def _softmax(scores: Array, axis: int = -1) -> Array:
    powers = np.exp(scores)
    shares: Array = powers / powers.sum(axis=axis, keepdims=True)
    return shares


def _merged(heads: Array) -> Array:
    return heads.swapaxes(0, 1).reshape(_TOKENS, _WIDTH)


def _said(given: Array, heads: int = _HEADS) -> str:
    return mistake_in_attention(given, _Q, _K, _V, heads)


_SCORES = _heads(_Q) @ _heads(_K).swapaxes(-1, -2)
_RIGHT = _merged(_softmax(_SCORES / 2) @ _heads(_V))
_SEEN = np.tri(_TOKENS, dtype=bool)
_AS_CUT = [one.reshape(_HEADS, _TOKENS, -1) for one in (_Q, _K, _V)]
_MISTAKES = {
    "causal mask": _merged(_softmax(np.where(_SEEN, _SCORES / 2, -np.inf)) @ _heads(_V)),
    "the tokens after it": _merged(_softmax(np.where(_SEEN.T, _SCORES / 2, -np.inf)) @ _heads(_V)),
    "merged without swapping": (_softmax(_SCORES / 2) @ _heads(_V)).reshape(_TOKENS, _WIDTH),
    "split by a reshape to (heads, T, d_head)": _merged(
        _softmax(_AS_CUT[0] @ _AS_CUT[1].swapaxes(-1, -2) / 2) @ _AS_CUT[2]
    ),
    "not divided by the square root of d_head": _merged(_softmax(_SCORES) @ _heads(_V)),
    "divided by the square root of d_model": _merged(_softmax(_SCORES / 12**0.5) @ _heads(_V)),
    "divided by d_head, not by its square root": _merged(_softmax(_SCORES / 4) @ _heads(_V)),
    "divided by the square root of the number of heads": _merged(_softmax(_SCORES / 3**0.5) @ _heads(_V)),
    "divides the weights, not the scores": _merged(_softmax(_SCORES) / 2 @ _heads(_V)),
    "over the queries": _merged(_softmax(_SCORES / 2, axis=-2) @ _heads(_V)),
    "over the heads": _merged(_softmax(_SCORES / 2, axis=0) @ _heads(_V)),
    "no softmax": _merged(_SCORES / 2 @ _heads(_V)),
    "keys stand where the values belong": _merged(_softmax(_SCORES / 2) @ _heads(_K)),
    "keys and values have changed places": _merged(
        _softmax(_heads(_Q) @ _heads(_V).swapaxes(-1, -2) / 2) @ _heads(_K)
    ),
    "keys stand where the queries belong": _merged(
        _softmax(_heads(_K) @ _heads(_K).swapaxes(-1, -2) / 2) @ _heads(_V)
    ),
    "one head, whatever": _softmax(_Q @ _K.T / 12**0.5) @ _V,
    "transposed": _merged(_softmax(_SCORES.swapaxes(-1, -2) / 2) @ _heads(_V)),
}


@pytest.mark.parametrize("words", _MISTAKES)
def test_one_mistake_is_named_by_its_numbers(words: str) -> None:
    """Also where they are rounded, and laid out with a batch axis."""
    given = _MISTAKES[words].astype(np.float32).astype(np.float64)[None]
    assert words in _said(given)
    assert " or: " not in _said(given)
    assert "; and " not in _said(given)


def test_two_mistakes_are_both_named() -> None:
    both = (_softmax(np.where(_SEEN, _SCORES / 2, -np.inf)) @ _heads(_V)).reshape(_TOKENS, _WIDTH)
    assert "causal mask; and the heads are merged without swapping" in _said(both)


def test_what_is_right_or_something_else_is_not_named() -> None:
    for wrong in (_RIGHT, _RIGHT * 1.001, _V, np.zeros_like(_V), _RIGHT[:-1], np.full_like(_V, np.nan)):
        assert _said(wrong) == ""


def test_with_one_head_nothing_is_said_of_how_heads_are_split() -> None:
    """Every way of it gives the same numbers."""
    scores = _Q @ _K.T / 12**0.5
    assert _said(_softmax(scores) @ _V, heads=1) == ""
    assert "causal" in _said(_softmax(np.where(_SEEN, scores, -np.inf)) @ _V, heads=1)


@settings(max_examples=60, deadline=None)
@given(st.integers(-2, 20), st.integers(0, 6), st.integers(0, 6), st.integers(0, 13))
def test_whatever_the_shapes_nothing_is_raised(heads: int, tokens: int, others: int, width: int) -> None:
    """They come from a hostile process."""
    rng = np.random.default_rng(1)
    arrays = (
        rng.normal(size=(tokens, width)),
        rng.normal(size=(others, width)),
        rng.normal(size=(width, width)),
    )
    assert mistake_in_attention(rng.normal(size=(tokens, width)), *arrays, heads) == ""
