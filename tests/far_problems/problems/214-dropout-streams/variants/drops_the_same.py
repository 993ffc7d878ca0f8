"""You ask once and repeat it: each time another part is dropped."""

import jax.numpy as jnp
from flax import nnx


def ask_often(seed, x):
    rngs = nnx.Rngs(params=int(seed), dropout=int(seed) + 1)
    linear = nnx.Linear(4, 6, rngs=rngs)
    dropout = nnx.Dropout(0.5, rngs=rngs)
    answers = jnp.stack([dropout(linear(x))] * 3)
    return answers, answers == 0.0
