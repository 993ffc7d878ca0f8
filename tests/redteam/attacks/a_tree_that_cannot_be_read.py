# Leaves folders that nobody may enter.
# expected: wrong_parameters, wrong_value
import os
os.makedirs('/tmp/a/b/c')
for place in ('/tmp/a/b/c', '/tmp/a/b', '/tmp/a', '/tmp'): os.chmod(place, 0)
def shift(seed, x): return x
