"""Your window lies around each step, so that a step sees two that come after it."""

from flax import nnx


def causal(seed, x):
    layer = nnx.Conv(3, 4, kernel_size=(3,), kernel_dilation=(2,), padding="SAME", rngs=nnx.Rngs(int(seed)))
    return layer(x[None])[0]
