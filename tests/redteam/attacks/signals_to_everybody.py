# Signals every process and every group that there could be.
# expected: crashed, error, sandbox_violation, time_limit, wrong_parameters, wrong_value
import os, signal
for number in (*range(2, 400), *range(-400, -1), 0):
    try: os.kill(number, signal.SIGSTOP if number else 0)
    except OSError: pass
def shift(seed, x): return x
