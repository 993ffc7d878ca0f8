"""Also right: patches cut by hand and multiplied with the convolution's kernel, a batch axis of one, heads
by `jax.vmap`.
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
        q, k, v = (self._split(proj(x)) for proj in (self.q_proj, self.k_proj, self.v_proj))
        heads = jax.vmap(attend)(q, k, v)  # (num_heads, T, d_head)
        return self.out_proj(jnp.concatenate(heads, axis=-1))

    def _split(self, x: jax.Array) -> jax.Array:
        return jnp.stack(jnp.split(x, self.num_heads, axis=-1))


def attend(q: jax.Array, k: jax.Array, v: jax.Array) -> jax.Array:
    return jax.nn.softmax((q / q.shape[-1] ** 0.5) @ k.T) @ v


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
        kernel = self.patch_embed.kernel[...]  # (P, P, C, d_model)
        size, _, channels, d_model = kernel.shape
        rows, columns = image.shape[0] // size, image.shape[1] // size
        cut = image.reshape(rows, size, columns, size, channels).swapaxes(1, 2)
        patches = cut.reshape(1, rows * columns, -1)  # (1, N, P * P * C)
        x = patches @ kernel.reshape(-1, d_model) + self.patch_embed.bias[...] + self.pos_embed[None]
        for block in self.blocks:
            x = jax.vmap(block)(x)
        return self.head(self.ln_f(x).mean(axis=1)).squeeze(0)


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
