# Has the file system set a terabyte aside.
# expected: crashed, error
import os
os.posix_fallocate(os.open('/tmp/full', os.O_CREAT | os.O_RDWR), 0, 1 << 40)
