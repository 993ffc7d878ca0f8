# Mount.
# expected: sandbox_violation
import ctypes
ctypes.CDLL(None).mount(b'x', b'/tmp', b'tmpfs', 0, 0)
