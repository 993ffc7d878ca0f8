"""A general solver instead of a factor."""

import jax.numpy as jnp


def predict(x, y, x_new, noise):
    def kernel(a, b):
        return jnp.exp(-((a[:, None] - b[None, :]) ** 2) / 2.0)

    inverse = jnp.linalg.inv(kernel(x, x) + noise * jnp.eye(len(x)))
    between = kernel(x_new, x)
    return {
        "mean": between @ inverse @ y,
        "variance": 1.0 - jnp.einsum("ij,jk,ik->i", between, inverse, between),
    }
