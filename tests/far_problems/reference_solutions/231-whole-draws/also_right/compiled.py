"""The draws of one shape are compiled together."""

import functools

import jax
import jax.numpy as jnp


@functools.partial(jax.jit, static_argnums=1)
def rows(keys, shape):
    return (
        jax.random.bernoulli(keys[0], 0.3, shape),
        jax.random.randint(keys[1], shape, -5, 5),
        jax.random.rademacher(keys[2], shape),
        jax.random.poisson(keys[3], 2.0, shape),
        jax.random.poisson(keys[4], 20.0, shape),
        jax.random.geometric(keys[5], 0.3, shape),
        jax.random.binomial(keys[6], 10.0, 0.4, shape),
        jax.random.multinomial(keys[7], 10.0, jnp.array([0.2, 0.3, 0.5])),
        jax.random.categorical(keys[8], jnp.array([0.0, 1.0, 2.0]), shape=shape),
    )


def draw(seed):
    keys = jax.random.split(jax.random.key(int(seed)), 10)
    order = jax.random.permutation(keys[9], jnp.arange(4))
    drawn = [row.astype(jnp.int32) for row in (*rows(keys, (3,)), order)]
    key = jax.random.fold_in(keys[9], 7)
    return {"chosen": jax.random.permutation(key, 5)[:2], "counts": jnp.concatenate(drawn)}
