"""The squared singular values of the centred data are its variances, times N."""

import jax.numpy as jnp


def principal_components(x, k):
    _, sizes, rows = jnp.linalg.svd(x - x.mean(axis=0), full_matrices=False)
    rows = rows[: int(k)]
    place = jnp.argmax(jnp.abs(rows), axis=1)
    largest = rows[jnp.arange(rows.shape[0]), place]
    return (sizes**2 / x.shape[0])[: int(k)], rows * jnp.sign(largest)[:, None]
