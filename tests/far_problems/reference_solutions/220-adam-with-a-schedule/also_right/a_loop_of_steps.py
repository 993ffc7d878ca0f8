"""A compiled step in a loop of Python."""

import jax
import jax.numpy as jnp
import optax


def losses(x, y, steps):
    optimizer = optax.adam(optax.cosine_decay_schedule(0.3, int(steps)))

    @jax.jit
    def step(w, b, state):
        def loss(w, b):
            return jnp.mean(jnp.square(x @ w + b - y))

        value, gradients = jax.value_and_grad(loss, argnums=(0, 1))(w, b)
        updates, state = optimizer.update(gradients, state)
        return w + updates[0], b + updates[1], state, value

    w, b = jnp.zeros(x.shape[1]), jnp.zeros(())
    state, found = optimizer.init((w, b)), []
    for _ in range(int(steps)):
        w, b, state, value = step(w, b, state)
        found.append(value)
    return jnp.stack(found)
