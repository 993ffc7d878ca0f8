# Puts half a UTF-16 pair, which UTF-8 cannot carry, into an exception's text.
# expected: error
def shift(seed, x): raise ValueError('\ud800')
