"""One sort that carries the places along, and a search."""

import jax
import jax.numpy as jnp


def best(x, k):
    places = jnp.broadcast_to(jnp.arange(x.shape[1]), x.shape)
    values, order = jax.lax.sort((x, places), dimension=1, num_keys=1)
    ranks = jax.vmap(jnp.searchsorted)(values, x)
    return values[:, ::-1][:, : int(k)], order[:, ::-1][:, : int(k)], ranks
