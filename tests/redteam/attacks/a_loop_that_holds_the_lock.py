# Never leaves a call in C, so that no other thread runs.
# expected: time_limit
# says: processor time: 3 s, at line 4
def shift(seed, x): return sum(range(1 << 62))
