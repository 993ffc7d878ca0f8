"""`key_data` shows what a typed key hides."""

import jax


def keys(seed):
    old = jax.random.split(jax.random.PRNGKey(int(seed)))
    new = jax.random.key(int(seed))
    return {
        "old": old,
        "new": jax.random.key_data(jax.random.fold_in(new, 3)),
        "rbg": jax.random.key_data(jax.random.key(int(seed), impl="rbg")),
        "bits": jax.random.bits(new, (5,)),
    }
