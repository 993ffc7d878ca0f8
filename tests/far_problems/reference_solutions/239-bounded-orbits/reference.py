"""What has left once does not come back."""

import jax
import jax.numpy as jnp


def stays(centre, width):
    steps = jnp.linspace(-0.5, 0.5, 12) * width
    c = (centre[0] + steps)[None, :] + 1j * (centre[1] + steps)[:, None]

    def step(_, state):
        z, inside = state
        z = jnp.where(inside, z * z + c, z)
        return z, inside & (jnp.abs(z) <= 2.0)

    return jax.lax.fori_loop(0, 20, step, (jnp.zeros_like(c), jnp.ones(c.shape, bool)))[1]
