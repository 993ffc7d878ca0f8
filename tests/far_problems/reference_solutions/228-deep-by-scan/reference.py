"""Scanned over layers that are stacked, and recomputed on the way back."""

import jax
import jax.numpy as jnp
from flax import nnx


class Layer(nnx.Module):
    def __init__(self, key):
        self.linear = nnx.Linear(6, 6, rngs=nnx.Rngs(key))

    def __call__(self, x):
        return x + jnp.tanh(self.linear(x))


@nnx.scan(in_axes=(nnx.Carry, 0), out_axes=nnx.Carry)
@nnx.remat
def forward(x, layer):
    return layer(x)


def total(x, layers):
    return jnp.sum(forward(x, layers) ** 2)


gradient = nnx.jit(nnx.grad(total))


def deep_gradient(seed, x):
    layers = nnx.vmap(Layer)(jax.random.split(jax.random.key(int(seed)), 8))
    return gradient(x, layers)
