"""A list of slices, or nothing of the right shape."""

import jax.numpy as jnp


def windows(x, size):
    size = int(size)
    rows = [x[start : start + size] for start in range(len(x) - size + 1)]
    return jnp.stack(rows) if rows else jnp.zeros((0, size))
