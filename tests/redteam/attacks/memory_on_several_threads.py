# XLA fills memory on all processors at once.
# expected: memory_limit
# says: memory: 256 MB
import jax.numpy as jnp
hoard = []
while True: hoard.append(jnp.ones(1 << 24) + len(hoard))
