# Builds a module with more parameters than can be listed.
# expected: memory_limit, time_limit, error, wrong_parameters, sandbox_violation
from flax import nnx
import numpy
class Shift(nnx.Module):
    def __init__(self):
        for number in range(200_000): setattr(self, f'p{number}', nnx.Param(numpy.float32(0)))
def shift(seed, x):
    Shift()
    return x
