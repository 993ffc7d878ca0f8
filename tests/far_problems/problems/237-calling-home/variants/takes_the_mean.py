"""You take the mean of three neighbours, not their median."""

import jax
import jax.numpy as jnp
import numpy as np


def median(x):
    padded = np.pad(np.asarray(x), 1, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 3)
    return np.mean(windows, axis=-1).astype(np.float32)


@jax.jit
def smooth(x):
    middle = jax.pure_callback(median, jax.ShapeDtypeStruct(x.shape, x.dtype), x)
    jax.debug.print("the largest is {largest}", largest=middle.max())
    return jnp.cumsum(middle)
