"""The diagonal of a triangle, which Schur's form is."""

import jax.numpy as jnp
from jax.scipy.linalg import schur


def turning(a):
    values = jnp.diag(schur(a, output="complex")[0])
    return values[jnp.lexsort((values.imag, jnp.round(values.real, 4)))]
