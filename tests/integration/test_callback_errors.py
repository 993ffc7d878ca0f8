"""What a callback raises is told as if it had been raised where it stands."""

import asyncio
from pathlib import Path

import pytest

from tests.support.jailed_calls import jailed_calls

pytestmark = pytest.mark.jail

_CODE = """
import jax
import numpy as np
from jax.experimental import io_callback


class Mine(ValueError):
    pass


def bad(v):
    raise Mine("two\\nlines: x")


def deep(v):
    return bad(v)


def pure(x):
    return jax.jit(lambda a: jax.pure_callback(deep, jax.ShapeDtypeStruct(a.shape, a.dtype), a))(x)


def ordered(x):
    like = jax.ShapeDtypeStruct(x.shape, x.dtype)
    return jax.jit(lambda a: io_callback(deep, like, a, ordered=True) + 1)(x).block_until_ready()


def shape(x):
    return jax.pure_callback(lambda v: np.zeros(3), jax.ShapeDtypeStruct(x.shape, x.dtype), x)


def empty(x):
    def silent(v):
        raise KeyError

    return jax.pure_callback(silent, jax.ShapeDtypeStruct(x.shape, x.dtype), x)
"""


def test_type_message_and_frames_are_the_callback_s(tmp_path: Path) -> None:
    found = asyncio.run(jailed_calls(tmp_path, _CODE, ("pure", "ordered", "shape", "empty")))
    reported = {
        name: (call.raised.type, call.raised.message, [frame.function for frame in call.raised.frames])
        for name, call in found.items()
        if call.raised is not None
    }
    mine = ("Mine", "two\nlines: x")
    expected = "Incorrect output shape for return value #0: Expected: (2,), Actual: (3,)"
    assert reported == {
        "pure": (*mine, ["pure", "deep", "bad"]),
        "ordered": (*mine, ["ordered", "deep", "bad"]),
        "shape": ("RuntimeError", expected, ["shape"]),
        "empty": ("KeyError", "", ["empty", "silent"]),
    }
    raised = found["pure"].raised
    assert raised is not None
    assert raised.frames[-1].text == 'raise Mine("two\\nlines: x")'
