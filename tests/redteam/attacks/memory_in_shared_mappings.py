# Shares one mapping among processes that each touch a part.
# expected: memory_limit
import mmap
hoard = [mmap.mmap(-1, 1 << 26) for _ in range(16)]
for part in hoard:
    for place in range(0, 1 << 26, 4096): part[place] = 1
