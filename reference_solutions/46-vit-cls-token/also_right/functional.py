"""Also right: parameters split off and the forward pass a pure function under `jax.jit`, the blocks as one
`jax.lax.scan` over their stacked parameters, heads one by one, and a list of numbers as the answer.
"""

import jax
import jax.numpy as jnp
from flax import nnx


class MHA(nnx.Module):
    """Multi-head self-attention over one sequence, (T, d_model) to (T, d_model)."""

    def __init__(self, d_model: int, num_heads: int, rngs: nnx.Rngs):
        self.num_heads = num_heads
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            setattr(self, name, nnx.Linear(d_model, d_model, rngs=rngs))

    def __call__(self, x: jax.Array) -> jax.Array:
        projected = (projection(x) for projection in (self.q_proj, self.k_proj, self.v_proj))
        return self.out_proj(attend(*projected, num_heads=self.num_heads))


def attend(q: jax.Array, k: jax.Array, v: jax.Array, *, num_heads: int) -> jax.Array:
    """Each head by itself, on its own columns; all (T, d_model)."""
    heads = []
    for mine in jnp.split(jnp.arange(q.shape[-1]), num_heads):
        scores = jnp.tensordot(q[:, mine], k[:, mine], axes=(1, 1)) / len(mine) ** 0.5
        heads.append(jax.nn.softmax(scores) @ v[:, mine])
    return jnp.hstack(heads)


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


def through(blocks: nnx.List, x: jax.Array) -> jax.Array:
    """All blocks one after the other, as one loop over their stacked parameters."""
    structure = nnx.graphdef(blocks[0])
    stacked = jax.tree.map(lambda *each: jnp.stack(each), *(nnx.state(block) for block in blocks))

    def step(x: jax.Array, parameters: nnx.State) -> tuple[jax.Array, None]:
        return nnx.merge(structure, parameters)(x), None

    return jax.lax.scan(step, x, stacked)[0]


class ViTCLS(nnx.Module):
    """A Vision Transformer, (H, W, C) to (num_classes,), read out from its CLS token."""

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
        self.cls_token = nnx.Param(jnp.zeros((1, d_model)))
        self.pos_embed = nnx.Param(jnp.zeros((num_patches + 1, d_model)))
        self.blocks = nnx.List([EncoderBlock(d_model, num_heads, d_ff, rngs=rngs) for _ in range(num_layers)])
        self.ln_f = nnx.LayerNorm(d_model, rngs=rngs)
        self.head = nnx.Linear(d_model, num_classes, rngs=rngs)

    def __call__(self, image: jax.Array) -> jax.Array:
        grid = self.patch_embed(image)  # (H // P, W // P, d_model)
        patches = grid.reshape(-1, grid.shape[-1])  # (N, d_model), row by row
        x = jnp.concatenate([self.cls_token[...], patches], axis=0)  # (N + 1, d_model), CLS is row 0
        x = x + self.pos_embed[...]
        x = through(self.blocks, x)
        x = self.ln_f(x)
        return self.head(x[0])  # (num_classes,)


def vit_cls_forward(
    seed: float,
    image: jax.Array,
    patch_size: float,
    d_model: float,
    num_heads: float,
    d_ff: float,
    num_layers: float,
    num_classes: float,
) -> list[float]:
    """Build a ViTCLS from `seed` and return its logits for one image, (num_classes,)."""
    image = jnp.asarray(image, jnp.float32)
    height, width, in_channels = image.shape
    patch = int(patch_size)
    model = ViTCLS(
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
    structure, parameters = nnx.split(model)

    @jax.jit
    def logits(parameters: nnx.State, image: jax.Array) -> jax.Array:
        return nnx.merge(structure, parameters)(image)

    return logits(parameters, image).tolist()
