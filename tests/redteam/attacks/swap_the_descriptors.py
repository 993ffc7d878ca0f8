# Points the result channel at its own descriptors while results are written.
# expected: crashed, sandbox_violation, time_limit, wrong_parameters, wrong_value
import os, threading
def swap():
    ours, theirs = os.pipe()
    while True:
        for number in range(3, 9):
            try: os.dup2(theirs, number)
            except OSError: pass
threading.Thread(target=swap, daemon=True).start()
def shift(seed, x): return x
