# Has the kernel load the module of each family of sockets.
# expected: wrong_parameters, wrong_value
import ctypes
libc = ctypes.CDLL(None)
assert all(libc.socketpair(family, 1, 0, (ctypes.c_int * 2)()) == -1 for family in range(2, 46))
def shift(seed, x): return x
