# Sleep.
# expected: time_limit
# says: nothing was computed for 2 s, at line
import time; time.sleep(1000)
