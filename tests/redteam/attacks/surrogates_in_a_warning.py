# The same in a warning, and in the name of an attribute.
# expected: error
import warnings, jax
from flax import nnx
class Shift(nnx.Module):
    def __init__(self): setattr(self, '\ud800', nnx.Param(jax.numpy.zeros(4)))
def shift(seed, x):
    warnings.warn('\ud800')
    Shift()
    return x
