"""Position 41: one pre-norm Transformer encoder block.

Keep the class and attribute names: the grader loads checkpoints into them.
"""

import jax
import jax.numpy as jnp
from flax import nnx


class MHA(nnx.Module):
    """Multi-head self-attention, (T, d_model) to (T, d_model)."""

    def __init__(self, d_model: int, num_heads: int, rngs: nnx.Rngs):
        raise NotImplementedError("create q_proj, k_proj, v_proj, out_proj")

    def __call__(self, x: jax.Array) -> jax.Array:
        raise NotImplementedError("attend")


class EncoderBlock(nnx.Module):
    """One pre-norm block, (T, d_model) to (T, d_model)."""

    def __init__(self, d_model: int, num_heads: int, d_ff: int, rngs: nnx.Rngs):
        raise NotImplementedError("create ln1, mha, ln2, fc1, fc2")

    def __call__(self, x: jax.Array) -> jax.Array:
        raise NotImplementedError("two residual branches")


def encoder_block_forward(
    seed: float,
    x: jax.Array,
    d_model: float,
    num_heads: float,
    d_ff: float,
) -> jax.Array:
    """A freshly made EncoderBlock applied to x (T, d_model), flattened to (T * d_model,).

    Every number arrives as a float: cast with `int(...)` before you use it as a size or a seed.
    """
    return jnp.zeros(x.size)  # replace this line: build the block, call it on x, flatten
