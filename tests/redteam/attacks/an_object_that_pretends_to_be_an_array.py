# An object that pretends to be an array.
# expected: wrong_shape
class Liar:
    def __array__(self): return 1
    def __eq__(self, other): return True
def shift(seed, x): return Liar()
