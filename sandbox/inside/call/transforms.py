"""The same function under `jax.jit` and `jax.vmap`: it must not look at the values that it computes with.

It is traced on shapes, while no value is in this process, and what was traced is run without it once the
values have come: code that knows when it is traced has nothing to compute with but what it is given.
"""

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
_trace, _vmap, _as_function = jax.make_jaxpr, jax.vmap, jaxpr_as_fun
_shape: Callable[..., Any] = jax.ShapeDtypeStruct


def trace_call(call: LearnerCall) -> Callable[[LearnerCall], Answer]:
    """Trace on shapes; what it returns gives arrays `jit` and `vmap` of the values.

    Where a module is looked into, its instance is called with `ModuleUse.inputs`, and its answers are
    flattened, because only the entry function's shape is fixed. Else the entry function is called, with its
    arrays traced and its numbers as they are.
    """
    try:
        if call.use is None:
            return _of_entry(call)
        return _of_module(call, call.use.inputs)
    except NotAsked as refused:
        answer = refused.answer
        return lambda _: answer


def _of_entry(call: LearnerCall) -> Callable[[LearnerCall], Answer]:
    places, arguments = call.array_places, call.arguments()

    def function(*arrays: Any) -> list[jax.Array]:
        given = list(arguments)
        for place, array in zip(places, arrays, strict=True):
            given[place] = array
        return call.arrays(call.run(given))

    programs = _Programs(function, [arguments[place] for place in places])

    def finish(call: LearnerCall) -> Answer:
        arguments = call.arguments()
        named: Arrays = {}
        for name, arrays in programs.run([arguments[place] for place in places]).items():
            held: Any = arrays
            match call.outputs.structure:
                case Structure.ARRAY:
                    [held] = arrays
                case Structure.DICT:
                    held = dict(zip(call.outputs.names, arrays, strict=True))
            named |= prefixed(name, convert(held, call.outputs))
        return Answer(arrays=named)

    return finish


def _of_module(call: LearnerCall, inputs: Sequence[int]) -> Callable[[LearnerCall], Answer]:
    instance = call.built()
    if instance is None:
        return lambda _: Answer()
    graph, state = nnx.split(instance)
    arguments = call.arguments()

    def function(*arrays: Any) -> list[jax.Array]:
        # New variables for each trace: flax changes none across two.
        model: Any = nnx.merge(graph, state, copy=True)
        return [jnp.ravel(leaf) for leaf in jax.tree.leaves(model(*arrays))]

    programs = _Programs(function, [arguments[place] for place in inputs])

    def finish(call: LearnerCall) -> Answer:
        arguments = call.arguments()
        named: Arrays = {}
        for name, arrays in programs.run([arguments[place] for place in inputs]).items():
            alone = len(arrays) == 1
            for index, array in enumerate(arrays):
                answer = convert(array, Outputs())
                named |= prefixed(name if alone else f"{name}.{index}", answer)
        return Answer(arrays=named)

    return finish


class _Programs:
    """A function as it is traced by `jax.jit`, and by `jax.vmap` over two of each array."""

    def __init__(self, function: Callable[..., list[jax.Array]], arrays: Sequence[jax.Array]) -> None:
        shapes = [_shape(array.shape, array.dtype) for array in arrays]
        pairs = [_shape((2, *array.shape), array.dtype) for array in arrays]
        self._jit = _trace(function)(*shapes)
        self._vmap = _trace(_vmap(function))(*pairs)

    def run(self, arrays: Sequence[jax.Array]) -> dict[str, list[Any]]:
        # Operation by operation: compiling each as a whole would take a second of every learner's run, and
        # could not fail any more.
        batches = [_to_jax(_two(np.asarray(array))) for array in arrays]
        return {"jit": _as_function(self._jit)(*arrays), "vmap": _as_function(self._vmap)(*batches)}


def _two(array: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    """Stack, along a new first axis, the array and another one with values of the same kind.

    Turned around it stays an image, a distribution or a list of labels; halved where that changes nothing.
    """
    other = np.flip(array)
    if np.array_equal(other, array) and array.dtype.kind == "f":
        other = array * array.dtype.type(_HALF)
    return np.stack([array, other])
