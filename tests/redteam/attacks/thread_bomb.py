# Thread bomb.
# expected: process_limit
import threading, time
def shift(seed, x):
    while True: threading.Thread(target=time.sleep, args=(9,)).start()
