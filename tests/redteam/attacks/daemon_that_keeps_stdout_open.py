# Daemon that keeps stdout open.
# expected: wrong_parameters, wrong_value
import os, time
if os.fork() == 0:
    os.setsid()
    time.sleep(1000)
def shift(seed, x):
    return x
