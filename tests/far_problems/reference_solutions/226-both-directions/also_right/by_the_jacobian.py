"""The whole matrix, forward and backward."""

import jax
import jax.numpy as jnp


def f(x):
    return jnp.array([jnp.sin(x[0] * x[1]), x[1] * x[2], jnp.exp(0.5 * x[2]), x[0] * x[2]])


def both(x, along, against):
    return {"pushed": jax.jacfwd(f)(x) @ along, "pulled": against @ jax.jacrev(f)(x)}
