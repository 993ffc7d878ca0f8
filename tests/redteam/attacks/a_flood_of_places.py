# Fills the pipe that the answer to "which line" would go through.
# expected: time_limit
# says: processor time: 3 s
import os, stat
for descriptor in range(3, 256):
    try:
        if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            while True: os.write(descriptor, b'  File "solution.py", line 1 in f\n' * 99)
    except OSError: pass
while True: pass
