"""You take the first columns of `eigh`, which belong to the smallest variances."""

import jax.numpy as jnp


def principal_components(x, k):
    centred = x - x.mean(axis=0)
    values, vectors = jnp.linalg.eigh(centred.T @ centred / x.shape[0])
    order = jnp.argsort(values)[: int(k)]
    rows = vectors.T[order]
    largest = jnp.take_along_axis(rows, jnp.argmax(jnp.abs(rows), axis=1)[:, None], axis=1)
    return values[order], rows * jnp.sign(largest)
