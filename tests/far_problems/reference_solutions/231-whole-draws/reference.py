"""Everything is a whole number, whatever type it comes in."""

import jax
import jax.numpy as jnp


@jax.jit
def draw_all(keys):
    shape = (3,)
    rows = [
        jax.random.bernoulli(keys[0], 0.3, shape),
        jax.random.randint(keys[1], shape, -5, 5),
        jax.random.rademacher(keys[2], shape),
        jax.random.poisson(keys[3], 2.0, shape),
        jax.random.poisson(keys[4], 20.0, shape),
        jax.random.geometric(keys[5], 0.3, shape),
        jax.random.binomial(keys[6], 10.0, 0.4, shape),
        jax.random.multinomial(keys[7], 10.0, jnp.array([0.2, 0.3, 0.5])),
        jax.random.categorical(keys[8], jnp.array([0.0, 1.0, 2.0]), shape=shape),
        jax.random.permutation(keys[9], 4),
    ]
    chosen = jax.random.choice(jax.random.fold_in(keys[9], 7), 5, (2,), replace=False)
    return {"counts": jnp.concatenate([row.astype(jnp.int32) for row in rows]), "chosen": chosen}


def draw(seed):
    return draw_all(jax.random.split(jax.random.key(int(seed)), 10))
