"""When an answer that another seed does not change says something."""

import numpy as np
import pytest

from app.grading.diagnose.stages import says_much
from sandbox.arrays import pack_array
from sandbox.interface import CallResult


@pytest.mark.parametrize(
    ("answer", "much"),
    [
        (np.float32(0.25), True),
        (np.array([1.5, 2.5], np.float32), True),
        (np.int32(2), False),
        (np.array([2.0, 1.0, 0.0], np.float32), False),
        (np.array([True, False]), False),
        (np.arange(40), True),
        (np.zeros(0, np.float32), False),
    ],
)
def test_a_class_that_is_the_same_twice_may_be_chance(answer: np.generic, much: bool) -> None:
    """One of three classes is the same for every third seed."""
    call = CallResult(index=0, wall_seconds=0.1, arrays={"": pack_array(np.asarray(answer))})
    assert says_much(call) is much


def test_no_answer_says_nothing() -> None:
    assert not says_much(CallResult(index=0, wall_seconds=0.1))
