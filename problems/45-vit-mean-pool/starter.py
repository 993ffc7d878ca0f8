"""Position 45: a Vision Transformer that classifies from the mean of its tokens.

Keep the class and attribute names: the grader loads checkpoints into them.
"""

import jax
import jax.numpy as jnp
from flax import nnx


class MHA(nnx.Module):
    """Multi-head self-attention, (T, d_model) to (T, d_model); yours from position 41 fits."""

    def __init__(self, d_model: int, num_heads: int, rngs: nnx.Rngs):
        raise NotImplementedError("create q_proj, k_proj, v_proj, out_proj")

    def __call__(self, x: jax.Array) -> jax.Array:
        raise NotImplementedError("attend")


class EncoderBlock(nnx.Module):
    """One pre-norm block, (T, d_model) to (T, d_model); yours from position 41 fits."""

    def __init__(self, d_model: int, num_heads: int, d_ff: int, rngs: nnx.Rngs):
        raise NotImplementedError("create ln1, mha, ln2, fc1, fc2")

    def __call__(self, x: jax.Array) -> jax.Array:
        raise NotImplementedError("two residual branches")


class ViT(nnx.Module):
    """An image, (H, W, C), to logits, (num_classes,)."""

    def __init__(
        self,
        in_channels: int,
        patch_size: int,
        num_patches: int,
        d_model: int,
        num_heads: int,
        d_ff: int,
        num_layers: int,
        num_classes: int,
        *,
        rngs: nnx.Rngs,
    ):
        raise NotImplementedError("create patch_embed, pos_embed, blocks, ln_f, head")

    def __call__(self, image: jax.Array) -> jax.Array:
        raise NotImplementedError("patches, positions, blocks, norm, mean, head")


def vit_forward(
    seed: float,
    image: jax.Array,
    patch_size: float,
    d_model: float,
    num_heads: float,
    d_ff: float,
    num_layers: float,
    num_classes: float,
) -> jax.Array:
    """The logits of a freshly made ViT for one image (H, W, C): an array (num_classes,).

    Every number arrives as a float: cast with `int(...)` before you use it as a size or a seed.
    """
    return jnp.zeros(int(num_classes))  # replace this line: build the model, call it on the image
