"""The window first, then all N frequencies."""

import jax.numpy as jnp


def spectrum(x):
    n = x.shape[0]
    window = 0.5 - 0.5 * jnp.cos(2.0 * jnp.pi * jnp.arange(n) / n)
    return jnp.fft.fft(x * window)
