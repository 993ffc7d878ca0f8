"""A loop in Python, a row after the other."""

import jax.numpy as jnp
from flax import nnx


class Memory(nnx.Module):
    def __init__(self, *, rngs):
        self.inward = nnx.Linear(4, 6, rngs=rngs)
        self.recurrent = nnx.Linear(
            6, 6, use_bias=False, kernel_init=nnx.initializers.orthogonal(), rngs=rngs
        )

    def __call__(self, x):
        state = jnp.zeros(6)
        for row in x:
            state = jnp.tanh(self.inward(row) + self.recurrent(state))
        return state


def remember(seed, x):
    return Memory(rngs=nnx.Rngs(int(seed)))(x)
