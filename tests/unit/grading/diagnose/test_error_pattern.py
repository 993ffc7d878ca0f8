"""A planted shape is found, whatever the numbers; nothing is found where there is none."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.core.tolerance import Tolerance
from app.grading.diagnose.error_pattern import Pair, error_shapes
from app.grading.diagnose.significance import Array

_TOLERANCE = Tolerance(absolute=1e-5, relative=1e-4)
_seeds = st.integers(0, 2**32 - 1)
_shapes = st.lists(
    st.one_of(st.tuples(st.integers(6, 30)), st.tuples(st.integers(2, 6), st.integers(3, 6))),
    min_size=1,
    max_size=4,
)
_matrices = st.lists(st.tuples(st.integers(2, 6), st.integers(3, 6)), min_size=1, max_size=3)
_factors = st.one_of(st.floats(0.05, 0.9), st.floats(1.1, 20.0)).flatmap(lambda x: st.sampled_from([x, -x]))


def _normal(seed: int, shapes: list[tuple[int, ...]]) -> list[Array]:
    rng = np.random.default_rng(seed)
    return [rng.normal(0.0, 2.0, shape) for shape in shapes]


def _noise(seed: int, right: list[Array]) -> list[Array]:
    """As far off as rounding may bring a right answer: well within the tolerance."""
    rng = np.random.default_rng([seed, 1])
    return [one + 0.3 * rng.uniform(-1, 1, one.shape) * (1e-5 + 1e-4 * np.abs(one)) for one in right]


def _found(given: list[Array], right: list[Array]) -> set[str]:
    pairs = [Pair(got=got, expected=expected) for got, expected in zip(given, right, strict=True)]
    return {shape.id for shape in error_shapes(pairs, _TOLERANCE)}


def _softmax(array: Array) -> Array:
    powers = np.exp(array)
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def _log_softmax(array: Array) -> Array:
    return np.asarray(array - np.log(np.exp(array).sum(axis=-1, keepdims=True)))


@given(_seeds, _shapes, _factors)
def test_a_constant_factor_is_found(seed: int, shapes: list[tuple[int, ...]], factor: float) -> None:
    """The same one in all cases, noise within the tolerance or not."""
    right = _normal(seed, shapes)
    assume(abs(factor + 1) > 0.01)
    assert _found([factor * one for one in right], right) == {"constant_ratio"}
    assert _found([factor * one for one in _noise(seed, right)], right) == {"constant_ratio"}


@given(_seeds, _shapes)
def test_factors_that_differ_from_case_to_case_are_none(seed: int, shapes: list[tuple[int, ...]]) -> None:
    right = _normal(seed, [*shapes, (5,)])
    given = [(2.0 + index) * one for index, one in enumerate(right)]
    assert _found(given, right) == set()


@given(_seeds, _shapes, st.floats(-50.0, 50.0))
def test_a_constant_offset_is_found(seed: int, shapes: list[tuple[int, ...]], offset: float) -> None:
    right = _normal(seed, shapes)
    assume(abs(offset) > 0.01)
    assert _found([one + offset for one in _noise(seed, right)], right) == {"constant_offset"}


@given(_seeds, _shapes)
def test_a_flipped_sign_is_found(seed: int, shapes: list[tuple[int, ...]]) -> None:
    """And not called a factor as well."""
    right = _normal(seed, shapes)
    assert _found([-one for one in _noise(seed, right)], right) == {"sign_flipped"}


@given(
    _seeds, st.lists(st.tuples(st.integers(2, 6), st.integers(2, 6)), min_size=1, max_size=3), st.booleans()
)
def test_a_transposed_matrix_is_found(seed: int, shapes: list[tuple[int, ...]], flat: bool) -> None:
    """Also one that was flattened afterwards; a permutation is what it is too, but says less."""
    right = _normal(seed, shapes)
    given = [one.T for one in _noise(seed, right)]
    if flat:
        right, given = [one.ravel() for one in right], [one.ravel() for one in given]
    assert _found(given, right) == {"transposed"}


@given(_seeds, _shapes)
def test_another_order_is_found_and_called_transposed_only_where_it_is(
    seed: int, shapes: list[tuple[int, ...]]
) -> None:
    rng = np.random.default_rng([seed, 2])
    right = _normal(seed, shapes)
    orders = [rng.permutation(one.size) for one in right]
    assume(all(np.count_nonzero(order != np.arange(order.size)) > 2 for order in orders))
    given = [
        one.ravel()[order].reshape(one.shape) for one, order in zip(_noise(seed, right), orders, strict=True)
    ]
    found = _found(given, right)
    assert found in ({"permuted"}, {"transposed"})
    if found == {"transposed"}:
        pairs = zip(given, right, strict=True)
        assert all(_is_some_transposition(*pair) for pair in pairs)


def _is_some_transposition(given: Array, right: Array) -> bool:
    sides = [side for side in range(2, right.size) if right.size % side == 0]
    flat = [right.reshape(side, -1).T.ravel() for side in sides] if right.ndim == 1 else [right.T]
    return any(one.shape == given.shape and np.allclose(one, given, rtol=1e-3, atol=1e-3) for one in flat)


@pytest.mark.parametrize(("name", "function"), [("softmax", _softmax), ("log_softmax", _log_softmax)])
@given(seed=_seeds, shapes=_shapes)
def test_a_softmax_too_many_or_too_few_is_found(
    name: str, function: object, seed: int, shapes: list[tuple[int, ...]]
) -> None:
    assert callable(function)
    logits = [np.tanh(one) for one in _normal(seed, shapes)]
    assert _found([function(one) for one in _noise(seed, logits)], logits) == {name}
    right = [function(one) for one in logits]
    given = [one + 0.3 for one in logits]
    assert _found(given, right) == {f"without_{name}"}


@given(_seeds, st.integers(8, 40), st.sampled_from(["bfloat16", "float16"]))
def test_numbers_that_were_rounded_to_a_short_type_are_found(seed: int, size: int, name: str) -> None:
    [right] = _normal(seed, [(size,)])
    if name == "float16":
        rounded = right.astype(np.float16).astype(np.float64)
    else:
        bits = right.astype(np.float32).view(np.uint32)
        rounded = ((bits + 0x8000) & 0xFFFF0000).astype(np.uint32).view(np.float32).astype(np.float64)
    assert _found([rounded], [right]) == {f"only_{name}"}


@given(_seeds, _shapes)
def test_unrelated_numbers_are_named_nothing(seed: int, shapes: list[tuple[int, ...]]) -> None:
    right, given = _normal(seed, shapes), _normal(seed + 1, shapes)
    assert _found(given, right) == set()
    assert _found([_softmax(one) for one in given], right) == set()
    assert _found([np.rint(one) for one in right], right) == set(), "rounded to whole numbers"
    one_hot = [(one == one.max()).astype(np.float64) for one in right]
    assert _found(one_hot, [_softmax(8 * one) for one in right]) == set(), "a one where 0.999 is right"


@given(_seeds, st.integers(1, 2), st.integers(1, 1))
def test_one_or_two_numbers_are_too_few_for_any_shape_that_is_fitted(
    seed: int, size: int, cases: int
) -> None:
    """A single number is always some factor, some offset and some order of the right one."""
    right, given = _normal(seed, [(size,)] * cases), _normal(seed + 1, [(size,)] * cases)
    for got in (
        given,
        [2.5 * one for one in right],
        [one + 1 for one in right],
        [one[::-1] for one in right],
    ):
        assert _found(got, right) == set()


@given(_seeds, st.floats(-9, 9), st.floats(-9, 9))
def test_nearly_constant_answers_are_named_nothing(seed: int, right: float, given: float) -> None:
    """They would fit a factor, an offset and every order."""
    assume(abs(right - given) > 0.1)
    noise = np.random.default_rng(seed).uniform(-1e-5, 1e-5, (2, 20))
    assert _found([given + noise[0]], [right + noise[1]]) - {"sign_flipped"} == set()
    few = np.zeros(12)
    few[3] = 1.0
    assert _found([np.roll(few, 4)], [few]) == set(), "a one and zeros, elsewhere"


@given(_seeds, st.floats(0.05, 0.5))
def test_a_wide_tolerance_needs_more_numbers(seed: int, width: float) -> None:
    """Within a tenth of their spread four numbers agree with nearly anything."""
    right, given = _normal(seed, [(4,)]), _normal(seed + 1, [(4,)])
    pairs = [Pair(got=given[0], expected=right[0])]
    assert error_shapes(pairs, Tolerance(absolute=width, relative=0.1)) == ()


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_answers_that_are_not_finite_or_of_another_shape_are_named_nothing(broken: float) -> None:
    right = np.arange(6.0)
    got = 2 * right
    got[2] = broken
    assert _found([got], [right]) == set()
    assert _found([np.arange(5.0)], [right]) == set()
    assert _found([], []) == set()


def test_a_known_number_is_told_with_its_root() -> None:
    right = np.random.default_rng(1).normal(size=9)
    [shape] = error_shapes([Pair(got=right / 8**0.5, expected=right)], _TOLERANCE)
    assert "0.3536 (1/√8) times" in shape.message
    [shape] = error_shapes([Pair(got=right * 0.777, expected=right)], _TOLERANCE)
    assert "0.777 times" in shape.message


def test_the_number_is_kept_where_it_could_carry_a_hidden_value() -> None:
    right = np.random.default_rng(1).normal(size=9)
    for got in (right * 0.777, right + 0.777):
        [shape] = error_shapes([Pair(got=got, expected=right)], _TOLERANCE, with_numbers=False)
        assert "777" not in shape.message


def test_labels_in_another_order_are_wrong_labels() -> None:
    right = np.asarray([0.0, 1.0, 2.0, 3.0, 4.0, 5.0])
    assert _found([right[[1, 0, 2, 3, 5, 4]]], [right]) == set()
