# Loops where an object of its own is deleted.
# expected: time_limit
class Sticky:
    def __del__(self):
        while True: pass
def shift(seed, x):
    Sticky()
    return x
