"""A scan over times, and within it a loop of small steps."""

import jax
import jax.numpy as jnp


def slope(state):
    return jnp.stack([state[1], -jnp.sin(state[0]) - 0.1 * state[1]])


@jax.jit
def swing(start, times):
    def between(state, span):
        h = span / 20

        def step(_, y):
            k1 = slope(y)
            k2 = slope(y + h / 2 * k1)
            k3 = slope(y + h / 2 * k2)
            k4 = slope(y + h * k3)
            return y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)

        state = jax.lax.fori_loop(0, 20, step, state)
        return state, state

    _, later = jax.lax.scan(between, start, jnp.diff(times))
    return jnp.concatenate([start[None], later])
