# Makes a device of its own, to read the disk.
# expected: error
import os, stat
os.mknod('/tmp/disk', 0o600 | stat.S_IFBLK, os.makedev(8, 0))
