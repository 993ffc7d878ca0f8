"""Plain integers."""

import jax.numpy as jnp


def steps_to_one(starts):
    counts = []
    for number in starts.tolist():
        steps = 0
        while number != 1:
            number = number // 2 if number % 2 == 0 else 3 * number + 1
            steps += 1
        counts.append(steps)
    return jnp.array(counts)
