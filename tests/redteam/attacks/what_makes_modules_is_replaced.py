# Replaces what makes instances of every module, and gives out half of one.
# expected: error, wrong_parameters, wrong_value, wrong_shape
from flax import nnx
def half(cls, *args, **kwargs): return object.__new__(cls)
type(nnx.Module).__call__ = half
class Shift(nnx.Module):
    def __init__(self): self.shift = nnx.Param(float('nan'))
    def __call__(self, x): return x
def shift(seed, x):
    type(nnx.Module).__call__ = half
    return Shift()(x)
