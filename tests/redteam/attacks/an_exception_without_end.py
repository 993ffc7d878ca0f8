# Raises with a text of a hundred million letters.
# expected: error, memory_limit
def shift(seed, x): raise ValueError('a' * 100_000_000)
