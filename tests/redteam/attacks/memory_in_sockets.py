# Fills socket buffers in many processes.
# expected: memory_limit, process_limit, time_limit
import os, socket, time
for _ in range(12):
    if os.fork() == 0: break
hoard = []
try:
    while True:
        hoard += socket.socketpair()
        for end in hoard[-2:]:
            end.setblocking(False)
            end.setsockopt(1, 7, 1 << 22)
            try:
                while True: end.send(bytes(65536))
            except BlockingIOError: pass
except OSError: pass
while True: pass
