# Has XLA compile a program that grows with each step.
# expected: time_limit, memory_limit, crashed
import jax
def shift(seed, x):
    @jax.jit
    def grow(x):
        for step in range(100_000): x = jax.numpy.sin(x @ jax.numpy.ones((4, 4))) + step
        return x
    return grow(x)
