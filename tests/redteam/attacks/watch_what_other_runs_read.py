# Watches the packages for what another run opens.
# expected: wrong_parameters, wrong_value
import ctypes
libc = ctypes.CDLL(None)
assert libc.inotify_init() == libc.fcntl(0, 1026, 1) == -1
def shift(seed, x): return x
