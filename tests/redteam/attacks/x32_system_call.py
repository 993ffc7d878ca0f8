# Enters the kernel by the x32 table.
# expected: sandbox_violation
import ctypes
ctypes.CDLL(None).syscall(0x40000000 + 39)
