# Stays below the limit in each of many processes.
# expected: memory_limit
# says: memory: 256 MB, at line
import os, time
for _ in range(20):
    if os.fork() == 0:
        hoard = b'x' * (40 << 20)
        time.sleep(9)
end = time.time() + 1
while time.time() < end: pass
def shift(seed, x): return x
