# Leaves links out of the jail where somebody might read.
# expected: wrong_parameters, wrong_value
import os
os.symlink('/etc/shadow', '/tmp/answer')
os.symlink('/proc/1/root', '/tmp/root')
assert not os.path.exists('/tmp/answer') and not os.path.exists('/tmp/root')
def shift(seed, x): return x
