"""Also right: parameters split off and the forward pass a pure function under `jax.jit`, heads one by one,
and a list of numbers as the answer.
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


def encoder_block_forward(
    seed: float,
    x: jax.Array,
    d_model: float,
    num_heads: float,
    d_ff: float,
) -> list[float]:
    """Build an EncoderBlock from `seed`, apply it to `x`, (T, d_model), and flatten: (T * d_model,)."""
    block = EncoderBlock(
        d_model=int(d_model),
        num_heads=int(num_heads),
        d_ff=int(d_ff),
        rngs=nnx.Rngs(int(seed)),
    )
    structure, parameters = nnx.split(block)

    @jax.jit
    def flat_output(parameters: nnx.State, x: jax.Array) -> jax.Array:
        return nnx.merge(structure, parameters)(x).ravel()

    return flat_output(parameters, x).tolist()
