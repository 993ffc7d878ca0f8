# Waits with its endless loop until everything is answered.
# expected: wrong_parameters, wrong_value
import atexit
@atexit.register
def loop():
    while True: pass
def shift(seed, x): return x
