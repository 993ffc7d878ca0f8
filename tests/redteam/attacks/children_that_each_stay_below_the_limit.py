# Each child ends before its own processor time is used up; the parent waits for them.
# expected: time_limit
# says: processor time: 3 s, at line 10
import os, time
for _ in range(8):
    if os.fork() == 0:
        while time.process_time() < 1.5: pass
        os._exit(0)
while True:
    os.wait()
