# Reserves memory that it never touches.
# expected: error
import mmap
mmap.mmap(-1, 1 << 40)
