"""Written out."""

import jax
import jax.numpy as jnp


def densities(x, a):
    size = jnp.abs(x)
    return {
        "normal": -0.5 * x**2 - 0.5 * jnp.log(2.0 * jnp.pi),
        "gamma": (a - 1.0) * jnp.log(size) - size - jax.scipy.special.gammaln(a),
        "erf": 2.0 * jax.scipy.stats.norm.cdf(x * jnp.sqrt(2.0)) - 1.0,
        "total": jnp.log(jnp.exp(x).sum()),
    }
