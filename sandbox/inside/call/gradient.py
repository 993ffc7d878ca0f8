"""The gradient of a fixed scalar of the answer, by every parameter or by every array argument.

The scalar is the sum of the answer's numbers times fixed random weights: a plain sum would hide what
cancels in it, as a softmax's does.
"""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from sandbox.arrays import pack_array
from sandbox.inside.call.learner_call import LearnerCall, NotAsked
from sandbox.inside.call.leaving_jax import LeavingJax
from sandbox.inside.module.parameters import put, trainable
from sandbox.inside.report.answers import Answer
from sandbox.interface import ModuleUse

Values = Mapping[str, Any]

# Bound here, because submitted code may put something else in its place.
_grad = jax.grad


class Detached(Exception):
    """No gradient reaches the answer from anywhere."""


def make_call(call: LearnerCall) -> Answer:
    """Take the gradients by the module's parameters, named by path, or by the array arguments, by index.

    Empty where the module was never built.
    """
    try:
        if call.use is None or call.use.std is None:
            return _packed(_by_arguments(call))
        return _packed(_by_parameters(call, call.use))
    except NotAsked as refused:
        return refused.answer


def _by_arguments(call: LearnerCall) -> Values:
    arguments = call.arguments()
    values = {
        str(place): arguments[place]
        for place in call.array_places
        if jnp.issubdtype(arguments[place].dtype, jnp.floating)
    }

    def answer(values: Values) -> Any:
        given = [values.get(str(place), argument) for place, argument in enumerate(arguments)]
        return call.run(given)

    seed = call.use.seed if call.use else 0
    try:
        return _gradients(call, answer, values, seed)
    except Detached:
        return _zeros(values)


def _by_parameters(call: LearnerCall, use: ModuleUse) -> Values:
    """Go through the entry function; where that leaves JAX on its way, through the instance it builds."""
    instance = call.built()
    if instance is None:
        return {}
    values = {
        path: value
        for path, node in trainable(instance)
        if jnp.issubdtype((value := node.get_value()).dtype, jnp.floating)
    }
    arguments = call.arguments()
    try:
        return _gradients(call, lambda values: call.run(arguments, values=values), values, use.seed)
    except NotAsked:
        raise
    except Exception as error:  # Of theirs, too.
        if not use.inputs:
            if isinstance(error, Detached):
                return _zeros(values)
            raise
    graph, state = nnx.split(instance)

    def through_instance(values: Values) -> Any:
        model: Any = nnx.merge(graph, state, copy=True)
        for path, node in trainable(model):
            if path in values:
                put(node, values[path])
        return model(*(arguments[place] for place in use.inputs))

    try:
        return _gradients(call, through_instance, values, use.seed)
    except Detached:
        return _zeros(values)


def _gradients(call: LearnerCall, answer: Callable[[Values], Any], values: Values, seed: int) -> Values:
    """Take the gradients of the scalar, by name.

    Raises:
        Detached: the answer does not depend on any of `values`.
    """

    def scalar(values: Values) -> Any:
        with LeavingJax() as left:
            arrays = [
                array
                if isinstance(array, jax.core.Tracer) or (traced := left.traced_for(array)) is None
                else traced
                for array in call.arrays(answer(values))
            ]
        if not any(isinstance(array, jax.core.Tracer) for array in arrays):
            raise Detached
        return sum(_weighted(array, [seed, index]) for index, array in enumerate(arrays))

    taken: Values = _grad(scalar)(dict(values))
    return taken


def _weighted(array: jax.Array, seed: list[int]) -> jax.Array:
    weights = np.random.default_rng(seed).normal(size=array.size).astype(np.float32)
    return jnp.dot(jnp.ravel(array).astype(jnp.float32), weights)


def _zeros(values: Values) -> Values:
    return {name: np.zeros(np.shape(value), np.float32) for name, value in values.items()}


def _packed(gradients: Values) -> Answer:
    return Answer(arrays={name: pack_array(np.asarray(gradients[name])) for name in sorted(gradients)})
