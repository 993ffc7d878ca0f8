"""A rule for tangents serves as well."""

import jax
import jax.numpy as jnp


@jax.custom_jvp
def rounded(x):
    return jnp.round(x)


@rounded.defjvp
def tangent(primals, tangents):
    (x,), (x_dot,) = primals, tangents
    return rounded(x), x_dot * (jnp.abs(x) <= 2.0)


def rounded_gradient(x, w):
    def total(x):
        return jnp.dot(w, jnp.square(rounded(x)))

    return total(x), jax.grad(total)(x)
