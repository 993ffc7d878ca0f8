# Prints now and then, so as not to look idle.
# expected: time_limit
import time
while True:
    print(end='.', flush=True)
    time.sleep(1)
