"""You solve with the lower triangle of `r`, where all but the diagonal is zero."""

import jax.numpy as jnp
from jax.scipy.linalg import solve_triangular


def fit(a, b):
    q, r = jnp.linalg.qr(a)
    return solve_triangular(r, q.T @ b, lower=True)
