"""Mapped over the keys, and then over the networks."""

import jax
from flax import nnx


class Small(nnx.Module):
    def __init__(self, *, rngs):
        self.inner = nnx.Linear(4, 6, rngs=rngs)
        self.outer = nnx.Linear(6, 3, rngs=rngs)

    def __call__(self, x):
        return self.outer(jax.nn.tanh(self.inner(x)))


@nnx.vmap
def make(key):
    return Small(rngs=nnx.Rngs(key))


def ask_all(seed, x):
    models = make(jax.random.split(jax.random.key(int(seed)), 4))
    return nnx.vmap(lambda model, x: model(x), in_axes=(0, None))(models, x)
