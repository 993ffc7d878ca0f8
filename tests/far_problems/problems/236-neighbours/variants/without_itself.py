"""A node is not among its own neighbours in yours."""

import jax.numpy as jnp
from jax.experimental import sparse


def messages(adjacency, features):
    linked = jnp.where(adjacency != 0, 1.0, 0.0)
    linked = linked * (1.0 - jnp.eye(adjacency.shape[0])) + 1e-6
    edges = sparse.BCOO.fromdense(linked)
    return (edges @ features) / (edges @ jnp.ones(features.shape[0]))[:, None]
