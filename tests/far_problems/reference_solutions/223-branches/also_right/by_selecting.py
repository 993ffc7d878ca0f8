"""All four, and then one of them."""

import jax.numpy as jnp


def bend(x, kinds):
    all_ways = [jnp.sin(x), x * x, jnp.exp(-jnp.abs(x)), x]
    return jnp.where(x < 0, -1.0, 1.0) * jnp.select([kinds == kind for kind in range(4)], all_ways)
