"""Scales start at one and offsets at zero, so the seed does not matter."""

from flax import nnx


def normalise(x):
    rngs = nnx.Rngs(0)
    return (
        nnx.LayerNorm(6, rngs=rngs)(x),
        nnx.GroupNorm(6, num_groups=3, rngs=rngs)(x),
        nnx.RMSNorm(6, rngs=rngs)(x),
    )
