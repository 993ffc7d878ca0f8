"""`lstsq` goes over singular values."""

import jax.numpy as jnp


def fit(a, b):
    solution, *_ = jnp.linalg.lstsq(a, b)
    return solution
