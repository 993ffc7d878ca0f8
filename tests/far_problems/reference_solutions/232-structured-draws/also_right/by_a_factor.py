"""Normal numbers, through the covariance's factor."""

import jax
import jax.numpy as jnp


def draw(seed, a):
    keys = jax.random.split(jax.random.key(int(seed)), 3)
    factor = jnp.linalg.cholesky(a @ a.T + jnp.eye(len(a)))
    vectors = jax.random.normal(keys[0], (2, len(a))) @ factor.T
    return vectors, jax.random.orthogonal(keys[1], 3), jax.random.ball(keys[2], 3, shape=(2,))
