"""One factor serves mean and variance."""

import jax.numpy as jnp
from jax.scipy.linalg import cho_factor, cho_solve


def kernel(a, b):
    return jnp.exp(-0.5 * (a[:, None] - b[None, :]) ** 2)


def predict(x, y, x_new, noise):
    factor = cho_factor(kernel(x, x) + noise * jnp.eye(x.shape[0]))
    between = kernel(x, x_new)
    explained = jnp.sum(between * cho_solve(factor, between), axis=0)
    return {"mean": between.T @ cho_solve(factor, y), "variance": 1.0 - explained}
