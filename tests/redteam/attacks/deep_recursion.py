# Recurses in C, where Python does not count.
# expected: crashed, error, memory_limit, time_limit
import sys
sys.setrecursionlimit(1 << 30)
class Deep:
    def __getattr__(self, name): return getattr(self, name + 'a')
def shift(seed, x): return Deep().a
