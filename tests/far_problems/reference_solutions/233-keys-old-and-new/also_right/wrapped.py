"""From one make to the other and back."""

import jax
import jax.numpy as jnp


def keys(seed):
    raw = jax.random.PRNGKey(int(seed))
    new = jax.random.wrap_key_data(raw)
    return {
        "old": jax.random.key_data(jax.random.split(new, 2)),
        "new": jax.random.fold_in(raw, 3),
        "rbg": jnp.concatenate([raw, raw]),
        "bits": jax.random.bits(raw, (5,), jnp.uint32),
    }
