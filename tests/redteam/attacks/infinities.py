# Returns what no tolerance may forgive.
# expected: not_finite
def shift(seed, x): return x * float('inf')
