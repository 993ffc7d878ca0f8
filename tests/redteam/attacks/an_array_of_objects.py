# Returns an array whose entries run code when they are compared.
# expected: wrong_shape
import numpy
class Liar:
    def __eq__(self, other): raise SystemExit
def shift(seed, x): return numpy.array([Liar()] * 4)
