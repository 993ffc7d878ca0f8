"""The functional way: parameters in, parameters out."""

import jax
import jax.numpy as jnp
import optax
from flax import nnx


def train(seed, x, y):
    graph, parameters = nnx.split(nnx.Linear(4, 1, rngs=nnx.Rngs(int(seed))), nnx.Param)
    rule = optax.chain(
        optax.clip_by_global_norm(1.0), optax.sgd(optax.linear_schedule(0.0, 0.5, 4), momentum=0.9)
    )

    @jax.jit
    def step(parameters, state):
        def loss(parameters):
            return jnp.mean(jnp.square(nnx.merge(graph, parameters)(x) - y))

        updates, state = rule.update(jax.grad(loss)(parameters), state, parameters)
        return optax.apply_updates(parameters, updates), state

    state = rule.init(parameters)
    for _ in range(6):
        parameters, state = step(parameters, state)
    return nnx.merge(graph, parameters).kernel[...]
