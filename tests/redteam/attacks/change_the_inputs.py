# Overwrites its inputs in place, in case they are compared with.
# expected: crashed, error, wrong_parameters, wrong_value
import ctypes
def shift(seed, x):
    ctypes.memset(x.unsafe_buffer_pointer(), 0, 16)
    return x
