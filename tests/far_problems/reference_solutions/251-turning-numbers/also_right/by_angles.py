"""An angle for each step."""

import jax.numpy as jnp


def turn(z, mask, steps):
    angles = jnp.where(mask, steps.astype(float) * jnp.pi / 2.0, 0.0)
    turned = z * (jnp.cos(angles) + 1j * jnp.sin(angles))
    return {"count": jnp.count_nonzero(mask), "turned": turned}
