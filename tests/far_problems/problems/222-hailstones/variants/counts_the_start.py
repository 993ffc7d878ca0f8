"""You count the number itself; only the steps are asked for."""

import jax
import jax.numpy as jnp


def steps_to_one(starts):
    def count(start):
        def step(state):
            number, steps = state
            return jnp.where(number % 2 == 0, number // 2, 3 * number + 1), steps + 1

        return jax.lax.while_loop(lambda state: state[0] != 1, step, (start, 1))[1]

    return jax.vmap(count)(starts)
