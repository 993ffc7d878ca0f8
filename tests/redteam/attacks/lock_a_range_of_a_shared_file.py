# Locks a part of a package file, which another run could notice.
# expected: error
import fcntl, numpy
fcntl.lockf(open(numpy.__file__), fcntl.LOCK_SH)
