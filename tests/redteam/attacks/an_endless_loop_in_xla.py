# Has XLA compute for ever, in its own threads.
# expected: time_limit
import jax
def shift(seed, x): return jax.lax.while_loop(lambda state: state[1] >= 0, lambda state: (jax.numpy.sin(state[0] + 1), 1 - state[1]), (x, 0))[0]
