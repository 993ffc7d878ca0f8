# Leaves the work to processes of its own and waits.
# expected: time_limit
# says: processor time: 3 s, at line 8
import os, time
for _ in range(2):
    if os.fork() == 0:
        while True: pass
time.sleep(99)
