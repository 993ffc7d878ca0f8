# Leaves shared memory, a queue and semaphores for the next run.
# expected: wrong_parameters, wrong_value
import ctypes
libc = ctypes.CDLL(None)
assert libc.shmget(7, 4096, 0o1666) == libc.msgget(7, 0o1666) == libc.semget(7, 1, 0o1666) == -1
def shift(seed, x): return x
