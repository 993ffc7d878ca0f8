# What waits for a process that the kernel ended for its memory is out of memory, not of time.
# expected: memory_limit
# says: memory: 256 MB
import os, time
if os.fork() == 0:
    if os.fork() == 0:
        hoard = b'x' * (1 << 31)
    os._exit(0)
time.sleep(99)
