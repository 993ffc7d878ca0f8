# Leaves a key in a keyring.
# expected: sandbox_violation
import ctypes
ctypes.CDLL(None).syscall(248, b'user', b'name', b'secret', 6, -3)
