"""One module, in training mode."""

import jax.numpy as jnp
from flax import nnx


class Asked(nnx.Module):
    def __init__(self, *, rngs):
        self.layers = nnx.Sequential(nnx.Linear(4, 6, rngs=rngs), nnx.Dropout(0.5, rngs=rngs))

    def __call__(self, x):
        return self.layers(x)


def ask_often(seed, x):
    model = Asked(rngs=nnx.Rngs(params=int(seed), dropout=int(seed) + 1))
    model.train()
    answers = jnp.stack([model(x), model(x), model(x)])
    return answers, answers == 0
