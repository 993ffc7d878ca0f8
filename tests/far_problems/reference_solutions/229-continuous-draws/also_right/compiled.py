"""All of it as one program."""

import jax
import jax.numpy as jnp

WAYS = (
    lambda key: jax.random.uniform(key, (3,)),
    lambda key: jax.random.normal(key, (3,)),
    lambda key: jax.random.truncated_normal(key, -1.0, 2.0, (3,)),
    lambda key: jax.random.exponential(key, (3,)),
    lambda key: jax.random.cauchy(key, (3,)),
    lambda key: jax.random.laplace(key, (3,)),
    lambda key: jax.random.logistic(key, (3,)),
    lambda key: jax.random.gumbel(key, (3,)),
    lambda key: jax.random.rayleigh(key, 2.0, (3,)),
    lambda key: jax.random.maxwell(key, (3,)),
    lambda key: jax.random.double_sided_maxwell(key, 1.0, 2.0, (3,)),
    lambda key: jax.random.weibull_min(key, 1.0, 2.0, (3,)),
    lambda key: jax.random.triangular(key, 0.0, 1.0, 3.0, (3,)),
    lambda key: jax.random.lognormal(key, 0.5, (3,)),
    lambda key: jax.random.pareto(key, 3.0, (3,)),
    lambda key: jax.random.wald(key, 1.5, (3,)),
)


@jax.jit
def draw_all(key):
    return jnp.stack([way(each) for way, each in zip(WAYS, jax.random.split(key, len(WAYS)), strict=True)])


def draw(seed):
    return draw_all(jax.random.key(int(seed)))
