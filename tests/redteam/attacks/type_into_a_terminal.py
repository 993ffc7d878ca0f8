# Pushes keys into a terminal, with the request also in its 64-bit disguise.
# expected: error
import ctypes, os
terminal = os.open('/dev/ptmx', os.O_RDWR)
for request in (0x5412, 0x100005412, 0x541C): ctypes.CDLL(None).ioctl(terminal, ctypes.c_ulong(request), b'x')
