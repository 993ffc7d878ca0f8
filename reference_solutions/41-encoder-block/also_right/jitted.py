"""Also right: the block under `nnx.jit`, attention from `jax.nn.dot_product_attention`."""

import jax
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
        q = self.q_proj(x).reshape(split)  # (T, num_heads, d_head)
        k = self.k_proj(x).reshape(split)
        v = self.v_proj(x).reshape(split)
        heads = jax.nn.dot_product_attention(q, k, v)  # scales by the root of d_head by itself
        return self.out_proj(heads.reshape(x.shape))


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


@nnx.jit
def flat_output(block: EncoderBlock, x: jax.Array) -> jax.Array:
    return block(x).ravel()


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
    return flat_output(block, x)
