"""The old key wrapped, and the draws as one program."""

import jax
import jax.numpy as jnp


@jax.jit
def blur(key, old, x):
    chosen = jax.random.uniform(jax.random.wrap_key_data(old), x.shape) < 0.5
    return x + chosen * jax.random.normal(key, jnp.shape(x))
