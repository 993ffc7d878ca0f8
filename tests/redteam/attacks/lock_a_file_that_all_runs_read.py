# Locks a package file, which another run could notice.
# expected: error
import fcntl, numpy
fcntl.flock(open(numpy.__file__), fcntl.LOCK_EX)
