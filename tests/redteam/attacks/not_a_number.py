# Not a number.
# expected: not_finite
def shift(seed, x): return x * float('nan')
