"""Only the edges are kept."""

import jax.numpy as jnp
from jax.experimental import sparse


def messages(adjacency, features):
    linked = jnp.where(adjacency != 0, 1.0, 0.0)
    linked = jnp.maximum(linked, jnp.eye(adjacency.shape[0]))
    edges = sparse.BCOO.fromdense(linked)
    return (edges @ features) / (edges @ jnp.ones(features.shape[0]))[:, None]
