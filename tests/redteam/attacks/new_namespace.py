# New namespace.
# expected: sandbox_violation
import ctypes
ctypes.CDLL(None).unshare(0x10000000)
