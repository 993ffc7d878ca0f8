"""You convolve on a line: what leaves at the end does not come back at the start."""

import jax.numpy as jnp


def convolve(x, w):
    return jnp.convolve(x, w)[: x.shape[0]]
