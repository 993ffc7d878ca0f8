"""You turn all of them, whatever the mask says."""

import jax.numpy as jnp


def turn(z, mask, steps):
    powers = jnp.array([1, 1j, -1, -1j])
    return {"turned": z * powers[steps], "count": mask.sum()}
