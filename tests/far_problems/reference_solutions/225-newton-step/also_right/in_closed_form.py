"""Both derivatives written out."""

import jax
import jax.numpy as jnp


def newton(x, y, w):
    labels = jnp.where(y > 0, 1.0, -1.0)
    chance = jax.nn.sigmoid(-labels * (x @ w))
    gradient = -(x.T @ (labels * chance)) / x.shape[0] + 0.1 * w
    curvature = (x.T * (chance * (1.0 - chance))) @ x / x.shape[0] + 0.1 * jnp.eye(w.shape[0])
    return w - jnp.linalg.inv(curvature) @ gradient
