# Starts a Python of its own, which has seen no limits.
# expected: error, process_limit, sandbox_violation, wrong_parameters, wrong_value, crashed
import subprocess, sys
ran = subprocess.run([sys.executable, '-c', 'import ctypes; ctypes.CDLL(None).unshare(0x10000000)'])
assert ran.returncode == -31
def shift(seed, x): return x
