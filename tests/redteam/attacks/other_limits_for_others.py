# Changes the limits of itself and of its parent.
# expected: wrong_parameters, wrong_value
import resource, os
for pid in (0, 1, os.getppid()):
    try: resource.prlimit(pid, resource.RLIMIT_NPROC, (1 << 20, 1 << 20))
    except (OSError, ValueError): continue
    raise SystemExit('raised its own limit')
def shift(seed, x): return x
