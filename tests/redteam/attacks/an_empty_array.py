# Returns no numbers at all, which differ in none.
# expected: wrong_shape
def shift(seed, x): return x[:0]
