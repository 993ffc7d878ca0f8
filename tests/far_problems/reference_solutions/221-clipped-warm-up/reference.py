"""Clipping stands in front of the momentum."""

import jax.numpy as jnp
import optax
from flax import nnx


@nnx.jit
def step(model, optimizer, x, y):
    def loss(model):
        return jnp.mean((model(x) - y) ** 2)

    optimizer.update(model, nnx.grad(loss)(model))


def train(seed, x, y):
    model = nnx.Linear(4, 1, rngs=nnx.Rngs(int(seed)))
    rule = optax.chain(
        optax.clip_by_global_norm(1.0), optax.sgd(optax.linear_schedule(0.0, 0.5, 4), momentum=0.9)
    )
    optimizer = nnx.Optimizer(model, rule, wrt=nnx.Param)
    for _ in range(6):
        step(model, optimizer, x, y)
    return model.kernel[...]
