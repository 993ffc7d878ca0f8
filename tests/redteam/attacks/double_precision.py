# Switches JAX to 64 bits and back.
# expected: wrong_dtype
import jax
jax.config.update('jax_enable_x64', True)
import numpy
def shift(seed, x): return numpy.asarray(x, numpy.float64)
