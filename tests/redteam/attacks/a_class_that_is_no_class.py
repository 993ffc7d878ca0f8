# Names an object like the class asked for, which raises when it is looked at.
# expected: wrong_parameters
class Sly:
    @property
    def __class__(self): raise SystemExit
Shift = Sly()
def shift(seed, x): return x
