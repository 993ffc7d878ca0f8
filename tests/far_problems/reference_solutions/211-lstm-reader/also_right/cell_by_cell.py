"""The cell is called for each row, from zeros on."""

import jax.numpy as jnp
from flax import nnx


class Reader(nnx.Module):
    def __init__(self, *, rngs):
        self.rnn = nnx.RNN(nnx.LSTMCell(4, 6, rngs=rngs), rngs=rngs)
        self.head = nnx.Linear(6, 3, rngs=rngs)

    def __call__(self, x):
        carry = (jnp.zeros(6), jnp.zeros(6))
        output = carry[0]
        for row in x:
            carry, output = self.rnn.cell(carry, row)
        return self.head(output)


def read(seed, x):
    return Reader(rngs=nnx.Rngs(int(seed)))(x)
