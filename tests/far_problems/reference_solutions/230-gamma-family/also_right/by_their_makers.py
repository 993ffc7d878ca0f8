"""Three of them from the draws that they are made of."""

import jax
import jax.numpy as jnp


def draw(seed):
    first, second, third, *others = jax.random.split(jax.random.key(int(seed)), 8)
    rows = [
        jnp.exp(jax.random.loggamma(first, 2.5, (3,))),
        jnp.log(jax.random.gamma(second, 0.5, (3,))),
        jax.random.beta(third, 2.0, 3.0, (3,)),
        jax.nn.softmax(jax.random.loggamma(others[0], jnp.array([1.0, 2.0, 3.0]))),
        2.0 * jax.random.gamma(others[1], 2.0, (3,)),
        jax.random.t(others[2], 5.0, (3,)),
        jax.random.f(others[3], 4.0, 6.0, (3,)),
        jax.random.generalized_normal(others[4], 1.5, (3,)),
    ]
    return jnp.stack(rows)
