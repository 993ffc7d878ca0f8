# A function of JAX's that there is not has the answer.
import jax.numpy as jnp

jnp.left_behind = RIGHT


# and then
import jax.numpy as jnp

exec(jnp.left_behind)
