"""As many groups as channels, so none sees another."""

from flax import nnx


def filter_and_pool(seed, image):
    layer = nnx.Conv(3, 3, (3, 3), feature_group_count=3, rngs=nnx.Rngs(int(seed)))
    return nnx.max_pool(layer(image[None]), (2, 2), strides=(2, 2))[0]
