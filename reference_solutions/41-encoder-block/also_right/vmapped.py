"""Also right: heads by `jax.vmap`, the feed-forward branch token by token."""

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
        return x + jax.vmap(self._feed_forward)(x)

    def _feed_forward(self, token: jax.Array) -> jax.Array:
        return self.fc2(nnx.gelu(self.fc1(self.ln2(token))))


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
