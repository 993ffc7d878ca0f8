# End the process early.
# expected: crashed
import os
def shift(seed, x): os._exit(0)
