"""Arguments of cases: the same everywhere, and new where they are fresh."""

from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.generators import (
    Arange,
    Argument,
    Image,
    Integers,
    Key,
    Normal,
    Seed,
    Uniform,
    expand_fresh,
    generate,
)

_RANDOM: dict[str, Argument] = {
    "normal": Normal(shape=(3, 5), seed=7),
    "uniform": Uniform(shape=(3, 5), seed=7, low=-1.0),
    "integers": Integers(shape=(3, 5), seed=7, low=0, high=1000),
    "image": Image(shape=(6, 4, 2), seed=7),
    "seed": Seed(seed=7),
    "key": Key(seed=7),
    "old key": Key(seed=7, style="old"),
    "half": Normal(shape=(3, 5), seed=7, dtype="float16"),
    "complex": Normal(shape=(3, 5), seed=7, dtype="complex64"),
    "bytes": Integers(shape=(3, 5), seed=7, low=0, high=256, dtype="uint8"),
    "logical": Integers(shape=(30, 5), seed=7, low=0, high=2, dtype="bool"),
}


@pytest.mark.parametrize("name", _RANDOM)
def test_the_same_seed_gives_the_same_input(name: str) -> None:
    """A stored submission can be graded again on exactly its inputs."""
    np.testing.assert_array_equal(generate(_RANDOM[name]), generate(_RANDOM[name]))


@given(st.integers(0, 2**32 - 1))
def test_fresh_inputs_repeat_for_one_seed(fresh_seed: int) -> None:
    """What a submission was graded on follows from its seed alone."""
    assert expand_fresh(_RANDOM, (fresh_seed, 0)) == expand_fresh(_RANDOM, (fresh_seed, 0))


def test_fresh_inputs_differ_from_the_lasting_ones_and_from_each_other() -> None:
    """An answer that was memorised does not pass."""
    one, two = expand_fresh(_RANDOM, (1, 0)), expand_fresh(_RANDOM, (2, 0))
    for name, argument in _RANDOM.items():
        assert argument != one[name] != two[name]


def test_numbers_arrive_as_floats() -> None:
    """Every exercise says so: casting is the learner's part."""
    assert isinstance(generate(4), float)
    assert isinstance(generate(Seed(seed=3)), float)


def test_every_entry_of_arange_differs() -> None:
    """So that any exchange of two entries shows."""
    made = np.asarray(generate(Arange(shape=(4, 3, 2), step=0.5)))
    assert len(np.unique(made)) == made.size


def test_an_image_is_a_float32_picture_between_0_and_1() -> None:
    made = np.asarray(generate(Image(shape=(8, 6, 3), seed=1)))
    assert made.dtype == np.float32
    assert 0 <= made.min() < made.max() <= 1


@pytest.mark.parametrize("shape", [(-1, 2), (1 << 12, 1 << 12)])
def test_impossible_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="at most"):
        generate(Normal(shape=shape, seed=1))


@pytest.mark.parametrize("dtype", ["float16", "complex64"])
def test_a_spread_and_a_mean_hold_in_every_dtype(dtype: Literal["float16", "complex64"]) -> None:
    """Real and imaginary part each have the spread; the mean is a real number."""
    made = np.asarray(generate(Normal(shape=(4000,), seed=3, mean=5.0, std=2.0, dtype=dtype)))
    assert made.dtype == dtype
    parts = [made.real.astype(float) - 5.0, *([made.imag] if dtype == "complex64" else [])]
    for part in parts:
        assert abs(part.mean()) < 0.2
        assert abs(part.std() - 2.0) < 0.1


@pytest.mark.parametrize(
    ("dtype", "low", "high"),
    [
        ("bool", 0, 3),
        ("bool", -1, 2),
        ("uint8", -1, 4),
        ("uint8", 0, 257),
        ("int8", -129, 4),
        ("uint32", 0, 2**32 + 1),
    ],
)
def test_numbers_that_a_dtype_does_not_hold_are_refused(
    dtype: Literal["bool", "uint8", "int8", "uint32"], low: int, high: int
) -> None:
    """They would wrap round, and an author would not see it."""
    with pytest.raises(ValueError, match=f"{dtype} holds"):
        Integers(shape=(3,), seed=1, low=low, high=high, dtype=dtype)


def test_a_key_is_that_of_its_seed() -> None:
    """Its two numbers are what the old style passes; the new style wraps them inside the jail."""
    assert np.asarray(generate(Key(seed=2**32 - 1))).tolist() == [0, 2**32 - 1]
    with pytest.raises(ValueError, match="from 0 to"):
        Key(seed=2**32)
