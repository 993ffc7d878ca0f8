"""A submission finds Python and JAX as a script of its own would, wherever it is run."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from sandbox.interface import CallResult
from tests.support.jailed_calls import answer, jailed_calls

pytestmark = pytest.mark.jail

_PYTHON = """
import sys

import numpy as np


def hashed(x):
    return np.asarray([hash(name) for name in ("query", "key", "value")])


def arguments(x):
    return np.asarray(sys.argv == ["solution.py"])


def types(x):
    return np.frombuffer(f"{x.dtype!r} {(x + 1).dtype!r}".encode(), np.uint8)
"""


def test_the_same_in_each_fork_server(tmp_path: Path) -> None:
    """A set of names has one order, no argument is on the command line, and types are written as ever."""

    async def look() -> dict[str, CallResult]:
        return await jailed_calls(tmp_path, _PYTHON, ("hashed", "arguments", "types"))

    first, other = asyncio.run(look()), asyncio.run(look())
    assert np.array_equal(answer(first["hashed"]), answer(other["hashed"]))
    assert answer(first["arguments"])
    assert answer(first["types"]).tobytes() == b"dtype('float32') dtype('float32')"
