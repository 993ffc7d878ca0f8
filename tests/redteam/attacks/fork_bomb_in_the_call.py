# Fork bomb in the call.
# expected: process_limit, time_limit
import os
def shift(seed, x):
    while True: os.fork()
