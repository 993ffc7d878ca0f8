"""How far a value may lie from the reference's is said in one place."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from app.core.tolerance import Tolerance

_ARRAYS = hnp.arrays(np.float64, hnp.array_shapes(min_dims=0, max_side=4), elements=st.floats(-1e6, 1e6))


@given(_ARRAYS)
def test_each_number_may_be_off_by_a_part_of_itself_and_a_little_more(reference: NDArray[np.float64]) -> None:
    """`absolute + relative * |e|`, and never less than the absolute part."""
    allowed = Tolerance(absolute=0.25, relative=0.5).allowed(reference)
    assert allowed.shape == reference.shape
    np.testing.assert_array_equal(allowed, 0.25 + 0.5 * np.abs(reference))


def test_a_complex_number_is_as_large_as_it_is_far_from_zero() -> None:
    allowed = Tolerance(absolute=0.0, relative=0.5).allowed(np.array([3 + 4j]))
    assert allowed.dtype.name == "float64"
    assert allowed.tolist() == [2.5]


@pytest.mark.parametrize("value", [-1e-9, 1.0, float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["absolute", "relative"])
def test_a_tolerance_that_would_let_anything_pass_is_refused(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{name} must be at least 0 and below 1"):
        Tolerance(**{name: value})
