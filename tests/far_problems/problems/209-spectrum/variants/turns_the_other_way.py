"""Your waves turn the other way: this is the complex conjugate."""

import jax.numpy as jnp


def spectrum(x):
    n = x.shape[0]
    window = 0.5 - 0.5 * jnp.cos(2.0 * jnp.pi * jnp.arange(n) / n)
    return jnp.conj(jnp.fft.fft(x * window))
