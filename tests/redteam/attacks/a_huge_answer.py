# A huge answer.
# expected: memory_limit, sandbox_violation
import numpy
def shift(seed, x): return numpy.zeros(1 << 24, numpy.float32)
