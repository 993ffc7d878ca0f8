# Returns one number in place of four.
# expected: wrong_shape
def shift(seed, x): return x[:1]
