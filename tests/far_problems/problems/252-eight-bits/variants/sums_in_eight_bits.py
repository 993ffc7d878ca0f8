"""You add up in eight bits, which overflow."""

import jax
import jax.numpy as jnp


def multiply(a, b, scale):
    product = jax.lax.dot(a, b).astype(jnp.int32)
    return product, jnp.clip(jnp.round(product * scale), -128, 127).astype(jnp.int8)
