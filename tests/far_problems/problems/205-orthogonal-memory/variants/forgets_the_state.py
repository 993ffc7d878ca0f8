"""You leave the state out, so only the last row counts."""

import jax
import jax.numpy as jnp
from flax import nnx


class Memory(nnx.Module):
    def __init__(self, *, rngs):
        self.inward = nnx.Linear(4, 6, rngs=rngs)
        self.recurrent = nnx.Linear(
            6, 6, use_bias=False, kernel_init=nnx.initializers.orthogonal(), rngs=rngs
        )

    def __call__(self, x):
        def step(state, row):
            return jnp.tanh(self.inward(row) + 0.0 * self.recurrent(state)), None

        return jax.lax.scan(step, jnp.zeros(6), x)[0]


def remember(seed, x):
    return Memory(rngs=nnx.Rngs(int(seed)))(x)
