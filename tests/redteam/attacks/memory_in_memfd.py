# Hides memory in files that have no name.
# expected: error
import os
hoard = []
while True:
    hoard.append(os.memfd_create('x'))
    os.write(hoard[-1], bytes(1 << 22))
