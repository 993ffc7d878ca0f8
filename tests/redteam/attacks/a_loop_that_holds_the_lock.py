# Never leaves a call in C, so that no other thread runs.
# expected: time_limit
def shift(seed, x): return sum(range(1 << 62))
