"""One rolled copy for each number of the window."""

import jax.numpy as jnp


def convolve(x, w):
    return sum(w[j] * jnp.roll(x, j) for j in range(w.shape[0]))
