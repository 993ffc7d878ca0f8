"""`pulled` should go backward: the transpose of the derivative."""

import jax
import jax.numpy as jnp


def f(x):
    return jnp.stack([jnp.sin(x[0] * x[1]), x[1] * x[2], jnp.exp(x[2] / 2.0), x[0] * x[2]])


def both(x, along, against):
    _, pushed = jax.jvp(f, (x,), (along,))
    _, pull = jax.vjp(f, x)
    return {"pushed": pushed, "pulled": jax.jvp(f, (x,), (against[:3],))[1][:3]}
