# Makes a file of a terabyte that takes no space.
# expected: crashed, error
import os
os.truncate(os.open('/tmp/sparse', os.O_CREAT | os.O_RDWR), 1 << 40)
