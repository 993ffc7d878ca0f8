"""You step down the gradient; Newton's method solves it with the Hessian."""

import jax
import jax.numpy as jnp


def newton(x, y, w):
    labels = jnp.sign(y)

    def loss(w):
        return jnp.mean(jnp.logaddexp(0.0, -labels * (x @ w))) + 0.05 * w @ w

    return w - jax.grad(loss)(w)
