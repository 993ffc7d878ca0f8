"""All four are there already."""

import jax.numpy as jnp
from jax.scipy import special, stats


def densities(x, a):
    return {
        "normal": stats.norm.logpdf(x),
        "gamma": stats.gamma.logpdf(jnp.abs(x), a),
        "erf": special.erf(x),
        "total": special.logsumexp(x),
    }
