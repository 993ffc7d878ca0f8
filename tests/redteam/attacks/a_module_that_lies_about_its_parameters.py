# Builds the module asked for, of a metaclass that refuses to be looked into.
# expected: error, wrong_parameters
from flax import nnx
class Meta(type(nnx.Module)):
    def __setattr__(cls, name, value):
        if name == '__init__': raise SystemExit
        super().__setattr__(name, value)
class Shift(nnx.Module, metaclass=Meta):
    def __init__(self): self.shift = nnx.Param(float('nan'))
def shift(seed, x):
    Shift()
    return x
