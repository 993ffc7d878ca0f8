# An exception with a hostile text.
# expected: error
class Rude(Exception):
    def __str__(self): raise SystemExit
def shift(seed, x): raise Rude
