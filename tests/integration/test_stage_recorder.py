"""What is recorded of a module's submodules, in the real jail."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from sandbox.arrays import pack_array, unpack_array
from sandbox.interface import Call, CallResult, Ending, ModuleUse, RunRequest, Stage
from sandbox.jailed import open_supervisor
from sandbox.limits import Limits

pytestmark = pytest.mark.jail

_CODE = """
import functools
import jax, jax.numpy as jnp, numpy as np
from flax import nnx

class Double(nnx.Module):
    def __call__(self, x):
        return x * 2

class Special(Double):
    def __call__(self, x):
        return super().__call__(x) + 1

class Jitted(nnx.Module):
    @jax.jit
    def scale(x):
        return x * 3

    def __call__(self, x):
        return Jitted.scale(x)

class Host(nnx.Module):
    def __call__(self, *, x):
        return np.asarray(x) * 1.0

class Pair(nnx.Module):
    def __call__(self, x):
        return x, {"weights": [x * 2, "no array", None]}

class Model(nnx.Module):
    def __init__(self):
        self.items = nnx.List([Double(), Double()])
        self.special, self.jitted, self.host, self.pair = Special(), Jitted(), Host(), Pair()
        self.hidden, self.unused = Double(), Double()

    def __call__(self, x):
        for item in self.items:
            x = item(x)
        x = self.items[0](x)
        x = self.host(x=self.jitted(self.special(x)))
        x = jax.vmap(self.hidden)(jnp.asarray(x))
        return self.pair(x)[0]

def plainly(x):
    return Model()(x)

@nnx.jit
def inside(model, x):
    return model(x)

def jitted(x):
    return inside(Model(), x)

def raising(x):
    Model()(x)
    raise ValueError("after all")

_CALLS = {owner: owner.__dict__["__call__"] for owner in (Double, Special, Jitted, Host, Pair, Model)}

def untouched(x):
    assert all(owner.__dict__["__call__"] is call for owner, call in _CALLS.items())
    assert not jax.config.jax_disable_jit
    return x
"""
_STAGES = tuple(
    Stage(name=name, path=path, is_input=name.startswith("into"))
    for name, path in {
        "into first": "items.0",
        "first": "items.0",
        "second": "items.1",
        "special": "special",
        "jitted": "jitted",
        "into host": "host",
        "host": "host",
        "hidden": "hidden",
        "pair": "pair",
        "into pair": "pair",
        "unused": "unused",
        "absent": "items.7",
        "no module": "items",
    }.items()
)


def _recorded(result: CallResult) -> dict[str, list[float]]:
    return {name: np.ravel(unpack_array(array)).tolist() for name, array in result.stages.items()}


def _run(cache: Path, functions: Sequence[str]) -> list[CallResult]:
    x = pack_array(np.ones(1, np.float32))
    calls = [
        Call(
            function=function,
            arguments=(x,),
            module=None if function == "untouched" else ModuleUse(class_name="Model"),
            stages=() if function == "untouched" else _STAGES,
        )
        for function in functions
    ]
    request = RunRequest(code=_CODE, parameters=("x",), calls=tuple(calls))

    async def run() -> list[CallResult]:
        async with open_supervisor(cache=cache) as sandbox:
            limits = Limits(cpu_seconds=60, memory_bytes=2 << 30)
            result = await sandbox.run(request, limits=limits)
            assert result.ending is Ending.FINISHED, result
            return list(result.calls)

    return asyncio.run(run())


def test_the_first_value_at_each_stage_is_recorded_and_nothing_is_left_behind(tmp_path: Path) -> None:
    """Of an instance that is called again, a subclass that calls its parent, compiled code and NumPy."""
    functions = ["plainly", "untouched", "jitted", "untouched", "raising", "untouched"]
    plainly, first, jitted, second, raising, third = _run(tmp_path, functions)
    expected = {
        "into first": [1.0],
        "first": [2.0],
        "second": [4.0],
        "special": [17.0],
        "jitted": [51.0],
        "into host": [51.0],
        "host": [51.0],
        "into pair": [102.0],
        "pair": [102.0],
        "pair[1]": [204.0],
    }
    assert _recorded(plainly) == expected
    assert list(_recorded(plainly)) == list(expected), "in the order in which they were reached"
    assert _recorded(jitted) == expected, "also of the copy that nnx.jit makes"
    assert _recorded(raising) == expected
    assert raising.raised is not None
    for after in (first, second, third):
        assert after.raised is None, after.raised
        assert after.stages == {}
