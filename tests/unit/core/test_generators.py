"""Arguments of cases: the same everywhere, and new where they are fresh."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.generators import (
    Arange,
    Argument,
    Image,
    Integers,
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
