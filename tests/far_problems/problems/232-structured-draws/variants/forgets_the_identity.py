"""The covariance lacks the identity."""

import jax
import jax.numpy as jnp


def draw(seed, a):
    first, second, third = jax.random.split(jax.random.key(int(seed)), 3)
    covariance = a @ a.T + 1e-3 * jnp.eye(a.shape[0])
    return (
        jax.random.multivariate_normal(first, jnp.zeros(a.shape[0]), covariance, (2,)),
        jax.random.orthogonal(second, 3),
        jax.random.ball(third, 3, shape=(2,)),
    )
