"""An associative scan over pairs of a factor and a sum."""

import jax
import jax.numpy as jnp


def returns(rewards, discount):
    def join(later, earlier):
        return later[0] * earlier[0], earlier[1] + earlier[0] * later[1]

    factors = jnp.full(rewards.shape, discount, rewards.dtype)
    return jax.lax.associative_scan(join, (factors, rewards), reverse=True)[1]
