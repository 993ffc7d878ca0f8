# Returns an array that lies about every comparison.
# expected: wrong_shape
import numpy
class Liar(numpy.ndarray):
    def __array_ufunc__(self, *args, **more): return True
    def tobytes(self): return bytes(16)
def shift(seed, x): return numpy.zeros(4, numpy.float32).view(Liar)
