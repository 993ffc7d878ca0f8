"""Your ranks begin at the largest number."""

import jax
import jax.numpy as jnp


def best(x, k):
    values, places = jax.lax.top_k(x, int(k))
    return values, places, jnp.argsort(jnp.argsort(-x, axis=-1), axis=-1)
