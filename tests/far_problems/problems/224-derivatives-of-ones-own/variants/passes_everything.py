"""Your derivative is one everywhere; beyond two it should be zero."""

import jax
import jax.numpy as jnp


@jax.custom_vjp
def rounded(x):
    return jnp.round(x)


def forward(x):
    return rounded(x), x


def backward(x, cotangent):
    return (cotangent,)


rounded.defvjp(forward, backward)


def rounded_gradient(x, w):
    return jax.value_and_grad(lambda x: jnp.sum(w * rounded(x) ** 2))(x)
