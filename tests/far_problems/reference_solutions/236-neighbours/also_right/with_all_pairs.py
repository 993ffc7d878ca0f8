"""A dense product over all pairs."""

import jax.numpy as jnp


def messages(adjacency, features):
    linked = ((adjacency != 0) | jnp.eye(len(adjacency), dtype=bool)).astype(jnp.float32)
    return linked @ features / linked.sum(axis=1, keepdims=True)
