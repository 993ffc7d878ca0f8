"""`.at` returns a new array."""

import jax.numpy as jnp


def move(x, places):
    return jnp.zeros_like(x).at[places].add(x), (10.0 * jnp.abs(x)).astype(jnp.uint8).at[0, 0].set(255)
