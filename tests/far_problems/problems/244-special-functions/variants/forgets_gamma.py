"""The gamma function is missing in the gamma density."""

import jax.numpy as jnp
from jax.scipy import special, stats


def densities(x, a):
    return {
        "normal": stats.norm.logpdf(x),
        "gamma": (a - 1.0) * jnp.log(jnp.abs(x)) - jnp.abs(x),
        "erf": special.erf(x),
        "total": special.logsumexp(x),
    }
