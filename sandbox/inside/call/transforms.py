"""The same function under `jax.jit` and `jax.vmap`: it must not look at the values that it computes with."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax.extend.core import jaxpr_as_fun

from sandbox.inside.call.learner_call import LearnerCall, NotAsked, prefixed
from sandbox.inside.report.answers import Answer, convert
from sandbox.interface import Arrays, Outputs, Structure

_HALF = 0.5
# Bound here, because submitted code may put something else in its place.
_to_jax = jax.device_put
_trace, _vmap = jax.make_jaxpr, jax.vmap


def make_call(call: LearnerCall) -> Answer:
    """Return arrays `jit` and `vmap`.

    Where a module is looked into, its instance is called with `ModuleUse.inputs`, and its answers are
    flattened, because only the entry function's shape is fixed. Else the entry function is called, with its
    arrays traced and its numbers as they are.
    """
    try:
        if call.use is None:
            return _of_entry(call)
        return _of_module(call, call.use.inputs)
    except NotAsked as refused:
        return refused.answer


def _of_entry(call: LearnerCall) -> Answer:
    places, arguments = call.array_places, call.arguments()

    def function(*arrays: Any) -> list[jax.Array]:
        given = list(arguments)
        for place, array in zip(places, arrays, strict=True):
            given[place] = array
        return call.arrays(call.run(given))

    named: Arrays = {}
    for name, arrays in _results(function, [arguments[place] for place in places]).items():
        held: Any = arrays
        match call.outputs.structure:
            case Structure.ARRAY:
                [held] = arrays
            case Structure.DICT:
                held = dict(zip(call.outputs.names, arrays, strict=True))
        named |= prefixed(name, convert(held, call.outputs))
    return Answer(arrays=named)


def _of_module(call: LearnerCall, inputs: Sequence[int]) -> Answer:
    instance = call.built()
    if instance is None:
        return Answer()
    graph, state = nnx.split(instance)
    arguments = call.arguments()

    def function(*arrays: Any) -> list[jax.Array]:
        # New variables for each trace: flax changes none across two.
        model: Any = nnx.merge(graph, state, copy=True)
        return [jnp.ravel(leaf) for leaf in jax.tree.leaves(model(*arrays))]

    named: Arrays = {}
    for name, arrays in _results(function, [arguments[place] for place in inputs]).items():
        alone = len(arrays) == 1
        for index, array in enumerate(arrays):
            answer = convert(array, Outputs())
            named |= prefixed(name if alone else f"{name}.{index}", answer)
    return Answer(arrays=named)


def _results(function: Callable[..., list[jax.Array]], arrays: list[Any]) -> dict[str, list[Any]]:
    # Traced as `jax.jit` traces it, and then run operation by operation: compiling it as a whole would take
    # a second of every learner's run, and could not fail any more.
    traced = _trace(function)(*arrays)
    batches = [_to_jax(_two(np.asarray(array))) for array in arrays]
    return {"jit": jaxpr_as_fun(traced)(*arrays), "vmap": _vmap(function)(*batches)}


def _two(array: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    """Stack, along a new first axis, the array and another one with values of the same kind.

    Turned around it stays an image, a distribution or a list of labels; halved where that changes nothing.
    """
    other = np.flip(array)
    if np.array_equal(other, array) and array.dtype.kind == "f":
        other = array * array.dtype.type(_HALF)
    return np.stack([array, other])
