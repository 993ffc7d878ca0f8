"""Three groups are asked for; you normalise over two."""

from flax import nnx


def normalise(x):
    rngs = nnx.Rngs(0)
    return (
        nnx.LayerNorm(6, rngs=rngs)(x),
        nnx.GroupNorm(6, num_groups=2, rngs=rngs)(x),
        nnx.RMSNorm(6, rngs=rngs)(x),
    )
