# Crash the process.
# expected: crashed
import ctypes
ctypes.string_at(0)
