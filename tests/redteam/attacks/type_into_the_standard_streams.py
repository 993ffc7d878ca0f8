# The same on the descriptors that it was given.
# expected: wrong_parameters, wrong_value
import ctypes
libc = ctypes.CDLL(None)
assert all(libc.ioctl(fd, ctypes.c_ulong(request), b'x') == -1 for fd in range(4) for request in (0x5412, 0x100005412))
def shift(seed, x): return x
