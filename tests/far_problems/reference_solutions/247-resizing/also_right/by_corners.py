"""Four corners, weighted."""

import jax
import jax.numpy as jnp


def look(image, places):
    height, width = image.shape
    row, column = jnp.clip(places[:, 0], 0, height - 1), jnp.clip(places[:, 1], 0, width - 1)
    top = jnp.clip(jnp.floor(row).astype(int), 0, height - 2)
    left = jnp.clip(jnp.floor(column).astype(int), 0, width - 2)
    down, right = row - top, column - left
    upper = image[top, left] * (1 - right) + image[top, left + 1] * right
    lower = image[top + 1, left] * (1 - right) + image[top + 1, left + 1] * right
    large = jax.image.resize(image, (2 * height, 2 * width), jax.image.ResizeMethod.LINEAR)
    return large, upper * (1 - down) + lower * down
