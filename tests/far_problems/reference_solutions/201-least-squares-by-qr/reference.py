"""The triangle is solved from below, so nothing is inverted."""

import jax.numpy as jnp
from jax.scipy.linalg import solve_triangular


def fit(a, b):
    q, r = jnp.linalg.qr(a)
    return solve_triangular(r, q.T @ b)
