"""The shapes differ in what they say: a Dirichlet draw is three numbers by itself."""

import jax
import jax.numpy as jnp


def draw(seed):
    keys = jax.random.split(jax.random.key(int(seed)), 8)
    shape = (3,)
    return jnp.stack(
        [
            jax.random.gamma(keys[0], 2.5, shape),
            jax.random.loggamma(keys[1], 0.5, shape),
            jax.random.beta(keys[2], 2.0, 3.0, shape),
            jax.random.dirichlet(keys[3], jnp.array([1.0, 2.0, 3.0])),
            jax.random.chisquare(keys[4], 4.0, shape),
            jax.random.t(keys[5], 5.0, shape),
            jax.random.f(keys[6], 4.0, 6.0, shape),
            jax.random.generalized_normal(keys[7], 1.5, shape),
        ]
    )
