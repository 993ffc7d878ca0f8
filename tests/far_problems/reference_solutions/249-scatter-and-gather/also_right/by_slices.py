"""A row after the other, by dynamic slices."""

import jax
import jax.numpy as jnp


def move(x, places):
    moved = jnp.zeros_like(x)
    for row, place in zip(x, places, strict=True):
        found = jax.lax.dynamic_slice(moved, (place, 0), (1, x.shape[1]))
        moved = jax.lax.dynamic_update_slice(moved, found + row, (place, 0))
    whole = jnp.floor(10.0 * jnp.abs(x)).astype("uint8")
    return moved, jax.lax.dynamic_update_slice(whole, jnp.full((1, 1), 255, "uint8"), (0, 0))
