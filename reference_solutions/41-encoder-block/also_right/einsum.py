"""Also right: attention in two einsums, the norms' scale and shift applied by hand through `.value`, and a
NumPy array as the answer.
"""

import jax
import jax.numpy as jnp
import numpy as np
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
        split = (x.shape[0], self.num_heads, -1)
        q, k, v = (proj(x).reshape(split) for proj in (self.q_proj, self.k_proj, self.v_proj))
        scores = jnp.einsum("qhd,khd->hqk", q, k) * q.shape[-1] ** -0.5
        heads = jnp.einsum("hqk,khd->qhd", jax.nn.softmax(scores), v)
        return self.out_proj(heads.reshape(x.shape))


def normalise(norm: nnx.LayerNorm, x: jax.Array) -> jax.Array:
    centred = x - x.mean(axis=-1, keepdims=True)
    variance = (centred**2).mean(axis=-1, keepdims=True)
    return centred / jnp.sqrt(variance + 1e-6) * norm.scale.value + norm.bias.value


class EncoderBlock(nnx.Module):
    """One pre-norm Transformer block, (T, d_model) to (T, d_model)."""

    def __init__(self, d_model: int, num_heads: int, d_ff: int, rngs: nnx.Rngs):
        self.ln1 = nnx.LayerNorm(d_model, rngs=rngs)
        self.mha = MHA(d_model, num_heads, rngs=rngs)
        self.ln2 = nnx.LayerNorm(d_model, rngs=rngs)
        self.fc1 = nnx.Linear(d_model, d_ff, rngs=rngs)
        self.fc2 = nnx.Linear(d_ff, d_model, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = x + self.mha(normalise(self.ln1, x))
        return x + self.fc2(nnx.gelu(self.fc1(normalise(self.ln2, x))))


def encoder_block_forward(
    seed: float,
    x: jax.Array,
    d_model: float,
    num_heads: float,
    d_ff: float,
) -> np.ndarray:
    """Build an EncoderBlock from `seed`, apply it to `x`, (T, d_model), and flatten: (T * d_model,)."""
    block = EncoderBlock(
        d_model=int(d_model),
        num_heads=int(num_heads),
        d_ff=int(d_ff),
        rngs=nnx.Rngs(int(seed)),
    )
    return np.asarray(block(jnp.asarray(x))).flatten()
