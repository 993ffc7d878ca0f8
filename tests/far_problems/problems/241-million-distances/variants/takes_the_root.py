"""The squares are asked for."""

import jax.numpy as jnp


def distances(x):
    lengths = jnp.sum(x * x, axis=1)
    return jnp.sqrt(jnp.maximum(lengths[:, None] + lengths[None, :] - 2.0 * (x @ x.T), 0.0))
