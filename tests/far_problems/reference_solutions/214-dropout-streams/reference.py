"""The stream counts its draws, so every call drops others."""

import jax.numpy as jnp
from flax import nnx


def ask_often(seed, x):
    rngs = nnx.Rngs(params=int(seed), dropout=int(seed) + 1)
    linear = nnx.Linear(4, 6, rngs=rngs)
    dropout = nnx.Dropout(0.5, rngs=rngs)
    answers = jnp.stack([dropout(linear(x)) for _ in range(3)])
    return answers, answers == 0.0
