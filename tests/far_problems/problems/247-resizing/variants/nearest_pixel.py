"""You take the nearest pixel."""

import jax
from jax.scipy.ndimage import map_coordinates


def look(image, places):
    height, width = image.shape
    large = jax.image.resize(image, (2 * height, 2 * width), "linear")
    return large, map_coordinates(image, [places[:, 0], places[:, 1]], order=0, mode="nearest")
