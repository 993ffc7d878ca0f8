# Loop that ignores every signal.
# expected: time_limit
# says: processor time: 3 s, at line
import signal
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGXCPU): signal.signal(number, signal.SIG_IGN)
while True: pass
