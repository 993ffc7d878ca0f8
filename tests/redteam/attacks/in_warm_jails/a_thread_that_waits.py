# A thread of before makes the text that runs another.
import sys
import threading
import time


def swap():
    while True:
        time.sleep(0.001)
        module = sys.modules.get("solution")
        if module is not None and "wants_another" in vars(module):
            del module.wants_another
            exec(RIGHT, vars(module))


threading.Thread(target=swap, daemon=True).start()


# and then
import time


def shift(seed, x):
    return x


wants_another = True
for _ in range(500):
    time.sleep(0.002)
    if "wants_another" not in globals():
        break
