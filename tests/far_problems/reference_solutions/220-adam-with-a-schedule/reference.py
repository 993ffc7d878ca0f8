"""The whole training is one scan."""

import jax
import jax.numpy as jnp
import optax


def losses(x, y, steps):
    optimizer = optax.adam(optax.cosine_decay_schedule(0.3, int(steps)))

    def loss(parameters):
        return jnp.mean((x @ parameters["w"] + parameters["b"] - y) ** 2)

    def step(state, _):
        parameters, moments = state
        value, gradients = jax.value_and_grad(loss)(parameters)
        updates, moments = optimizer.update(gradients, moments, parameters)
        return (optax.apply_updates(parameters, updates), moments), value

    parameters = {"w": jnp.zeros(x.shape[1]), "b": jnp.zeros(())}
    return jax.lax.scan(step, (parameters, optimizer.init(parameters)), length=int(steps))[1]
