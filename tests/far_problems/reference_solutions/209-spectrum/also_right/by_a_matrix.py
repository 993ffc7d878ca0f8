"""The transform written out as a matrix."""

import jax.numpy as jnp


def spectrum(x):
    n = x.shape[0]
    places = jnp.arange(n)
    waves = jnp.exp(-2j * jnp.pi * (jnp.outer(places, places) % n) / n)
    return waves @ (x * (0.5 - 0.5 * jnp.cos(2.0 * jnp.pi * places / n)))
