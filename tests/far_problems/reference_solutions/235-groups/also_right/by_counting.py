"""Scattered into one place a label; those that do not occur are left out."""

import jax.numpy as jnp


def by_group(labels, x):
    counts = jnp.bincount(labels, length=6)
    found = jnp.nonzero(counts)[0]
    return {
        "found": found,
        "counts": counts[found],
        "totals": jnp.zeros(6).at[labels].add(x)[found],
        "largest": jnp.full(6, -jnp.inf).at[labels].max(x)[found],
    }
