"""A list, and nothing clever."""

import jax
import jax.numpy as jnp
from flax import nnx


def deep_gradient(seed, x):
    layers = [nnx.Linear(6, 6, rngs=nnx.Rngs(key)) for key in jax.random.split(jax.random.key(int(seed)), 8)]

    def total(x):
        for layer in layers:
            x = x + jnp.tanh(layer(x))
        return jnp.sum(x**2)

    return jax.grad(total)(x)
