# Leaves a message queue for the next run.
# expected: wrong_parameters, wrong_value
import ctypes
assert ctypes.CDLL(None).syscall(240, b'queue', 0o102, 0o666, 0) == -1
def shift(seed, x): return x
