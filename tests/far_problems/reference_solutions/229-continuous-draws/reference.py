"""A key for each, and none twice."""

import jax
import jax.numpy as jnp


def draw(seed):
    keys = jax.random.split(jax.random.key(int(seed)), 16)
    shape = (3,)
    return jnp.stack(
        [
            jax.random.uniform(keys[0], shape),
            jax.random.normal(keys[1], shape),
            jax.random.truncated_normal(keys[2], -1.0, 2.0, shape),
            jax.random.exponential(keys[3], shape),
            jax.random.cauchy(keys[4], shape),
            jax.random.laplace(keys[5], shape),
            jax.random.logistic(keys[6], shape),
            jax.random.gumbel(keys[7], shape),
            jax.random.rayleigh(keys[8], 2.0, shape),
            jax.random.maxwell(keys[9], shape),
            jax.random.double_sided_maxwell(keys[10], 1.0, 2.0, shape),
            jax.random.weibull_min(keys[11], 1.0, 2.0, shape),
            jax.random.triangular(keys[12], 0.0, 1.0, 3.0, shape),
            jax.random.lognormal(keys[13], 0.5, shape),
            jax.random.pareto(keys[14], 3.0, shape),
            jax.random.wald(keys[15], 1.5, shape),
        ]
    )
