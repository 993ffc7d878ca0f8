# Tells of lines that there are not, whether asked or not.
# expected: time_limit
# says: processor time: 3 s, in short
import os, signal, stat
forged = b'  File "solution.py", line 4711 in shift\n'
def answer(*_):
    for descriptor in range(3, 256):
        try:
            if stat.S_ISFIFO(os.fstat(descriptor).st_mode): os.write(descriptor, forged)
        except OSError: pass
def shift(seed, x):
    signal.signal(signal.SIGUSR2, answer)
    while True: answer()
