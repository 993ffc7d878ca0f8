# Children that nobody waits for leave no processor time with their parent.
# expected: time_limit
# says: processor time: 3 s, at line
import os, signal, time
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
while True:
    if os.fork() == 0:
        while time.process_time() < 0.9: pass
        os._exit(0)
    time.sleep(0.5)
