# Sets up an io_uring, whose calls no filter sees.
# expected: sandbox_violation
import ctypes
ctypes.CDLL(None).syscall(425, 8, bytes(120))
