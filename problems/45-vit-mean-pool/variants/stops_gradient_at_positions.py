"""Your positions are added, but `stop_gradient` keeps their gradient away, so training never changes them:
they stay the zeros that they start as, and the model never learns where a patch was.
"""

import jax
import jax.numpy as jnp
from flax import nnx


class MHA(nnx.Module):
    """Multi-head self-attention over one sequence, (T, d_model) to (T, d_model)."""

    def __init__(self, d_model: int, num_heads: int, rngs: nnx.Rngs):
        self.num_heads = num_heads
        self.q_proj = nnx.Linear(d_model, d_model, rngs=rngs)
        self.k_proj = nnx.Linear(d_model, d_model, rngs=rngs)
        self.v_proj = nnx.Linear(d_model, d_model, rngs=rngs)
        self.out_proj = nnx.Linear(d_model, d_model, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        q = self._split(self.q_proj(x))  # (num_heads, T, d_head)
        k = self._split(self.k_proj(x))  # (num_heads, T, d_head)
        v = self._split(self.v_proj(x))  # (num_heads, T, d_head)
        scores = q @ k.swapaxes(-1, -2) / jnp.sqrt(q.shape[-1])  # (num_heads, T, T)
        weights = jax.nn.softmax(scores, axis=-1)  # each row, over the keys, sums to one
        heads = weights @ v  # (num_heads, T, d_head)
        return self.out_proj(heads.swapaxes(0, 1).reshape(x.shape))  # (T, d_model)

    def _split(self, x: jax.Array) -> jax.Array:
        length, d_model = x.shape
        return x.reshape(length, self.num_heads, d_model // self.num_heads).swapaxes(0, 1)


class EncoderBlock(nnx.Module):
    """One pre-norm Transformer block, (T, d_model) to (T, d_model)."""

    def __init__(self, d_model: int, num_heads: int, d_ff: int, rngs: nnx.Rngs):
        self.ln1 = nnx.LayerNorm(d_model, rngs=rngs)
        self.mha = MHA(d_model, num_heads, rngs=rngs)
        self.ln2 = nnx.LayerNorm(d_model, rngs=rngs)
        self.fc1 = nnx.Linear(d_model, d_ff, rngs=rngs)
        self.fc2 = nnx.Linear(d_ff, d_model, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = x + self.mha(self.ln1(x))
        return x + self.fc2(nnx.gelu(self.fc1(self.ln2(x))))


class ViT(nnx.Module):
    """A Vision Transformer, (H, W, C) to (num_classes,), read out from the mean token."""

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
        patch = (patch_size, patch_size)
        self.patch_embed = nnx.Conv(in_channels, d_model, patch, strides=patch, padding="VALID", rngs=rngs)
        self.pos_embed = nnx.Param(jnp.zeros((num_patches, d_model)))
        self.blocks = nnx.List([EncoderBlock(d_model, num_heads, d_ff, rngs=rngs) for _ in range(num_layers)])
        self.ln_f = nnx.LayerNorm(d_model, rngs=rngs)
        self.head = nnx.Linear(d_model, num_classes, rngs=rngs)

    def __call__(self, image: jax.Array) -> jax.Array:
        grid = self.patch_embed(image)  # (H // P, W // P, d_model)
        x = grid.reshape(-1, grid.shape[-1])  # (N, d_model), row by row
        x = x + jax.lax.stop_gradient(self.pos_embed[...])
        for block in self.blocks:
            x = block(x)
        x = self.ln_f(x)  # (N, d_model)
        return self.head(x.mean(axis=0))  # (num_classes,)


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
    """Build a ViT from `seed` and return its logits for one image, (num_classes,)."""
    image = jnp.asarray(image, jnp.float32)
    height, width, in_channels = image.shape
    patch = int(patch_size)
    model = ViT(
        in_channels=in_channels,
        patch_size=patch,
        num_patches=(height // patch) * (width // patch),
        d_model=int(d_model),
        num_heads=int(num_heads),
        d_ff=int(d_ff),
        num_layers=int(num_layers),
        num_classes=int(num_classes),
        rngs=nnx.Rngs(int(seed)),
    )
    return model(image)
