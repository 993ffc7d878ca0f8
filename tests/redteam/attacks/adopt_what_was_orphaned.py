# Starts processes that outlive their parents, in sessions of their own.
# expected: wrong_parameters, wrong_value
import os, time
for _ in range(9):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0: time.sleep(99)
        os._exit(0)
def shift(seed, x): return x
