"""Also right: the entry function as a whole under `jax.jit`, seed and sizes static, so that each of them is
another program.
"""

import functools

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


@functools.partial(jax.jit, static_argnames=("seed", "d_model", "num_heads", "d_ff"))
def encoder_block_forward(
    seed: float,
    x: jax.Array,
    d_model: float,
    num_heads: float,
    d_ff: float,
) -> jax.Array:
    """Build an EncoderBlock from `seed`, apply it to `x`, (T, d_model), and flatten: (T * d_model,)."""
    block = EncoderBlock(
        d_model=int(d_model),
        num_heads=int(num_heads),
        d_ff=int(d_ff),
        rngs=nnx.Rngs(int(seed)),
    )
    return block(jnp.asarray(x, jnp.float32)).reshape(-1)
