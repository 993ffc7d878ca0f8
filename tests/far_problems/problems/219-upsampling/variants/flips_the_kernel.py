"""You turn the kernel round."""

from flax import nnx


def enlarge(seed, image):
    layer = nnx.ConvTranspose(3, 2, (3, 3), strides=(2, 2), rngs=nnx.Rngs(int(seed)))
    layer.kernel[...] = layer.kernel[...][::-1, ::-1]
    return layer(image[None])[0]
