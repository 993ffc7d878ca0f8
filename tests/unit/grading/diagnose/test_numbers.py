"""Numbers of answers that a hostile process may have forged."""

import pytest

from app.grading.diagnose.numbers import as_numbers
from sandbox.arrays import WireArray


@pytest.mark.parametrize(
    "forged",
    [
        WireArray(dtype="float32", shape=(3,), data=b"abcd"),
        WireArray(dtype="object", shape=(1,), data=b"abcdefgh"),
        WireArray(dtype="float32", shape=(0, 2**62, 2**62), data=b""),
        WireArray(dtype="float32", shape=(0, 2**64 - 1), data=b""),
        WireArray(dtype="complex64", shape=(1,), data=b"abcdefgh"),
        WireArray(dtype="int8", shape=(1 << 23,), data=bytes(1 << 23)),
    ],
)
def test_what_is_no_array_of_real_numbers_or_of_too_many_is_none(forged: WireArray) -> None:
    assert as_numbers({"": forged}) is None
