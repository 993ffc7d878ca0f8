# Memory in files.
# expected: error, memory_limit
import os
for number in range(99):
    with open(f'/dev/shm/{number}', 'wb') as file:
        file.write(os.urandom(1 << 24))
