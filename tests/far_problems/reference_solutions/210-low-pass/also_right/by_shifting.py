"""All frequencies, shifted so that zero lies in the middle."""

import jax.numpy as jnp


def low_pass(image, radius):
    height, width = image.shape
    rows = jnp.arange(height)[:, None] - height // 2
    columns = jnp.arange(width)[None, :] - width // 2
    waves = jnp.fft.fftshift(jnp.fft.fft2(image))
    waves = jnp.where(rows**2 + columns**2 <= radius**2, waves, 0.0)
    return jnp.real(jnp.fft.ifft2(jnp.fft.ifftshift(waves)))
