# Fills as many pipes as it may open.
# expected: error, memory_limit
import fcntl, os
while True:
    _, end = os.pipe()
    os.set_blocking(end, False)
    try: fcntl.fcntl(end, 1031, 1 << 20)
    except OSError as error:
        if error.errno != 1: raise
    try:
        while True: os.write(end, bytes(65536))
    except BlockingIOError: pass
