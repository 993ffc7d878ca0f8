"""Sorted windows; what is done is noted on the way."""

import jax
import jax.numpy as jnp
from jax.experimental import io_callback

notes = []


@jax.jit
def smooth(x):
    padded = jnp.concatenate([x[:1], x, x[-1:]])
    windows = jnp.sort(jnp.stack([padded[:-2], padded[1:-1], padded[2:]]), axis=0)
    io_callback(lambda largest: notes.append(float(largest)), None, windows.max(), ordered=True)
    jax.debug.callback(lambda total: notes.append(float(total)), windows.sum())
    return jnp.cumsum(windows[1])
