# Plants modules in its folder, and runs Python on them.
# expected: wrong_parameters, wrong_value
import os, subprocess, sys
for name in ('jax', 'sitecustomize', 'usercustomize', 'encodings'): open(f'/tmp/{name}.py', 'w').write('raise SystemExit(7)')
open('/tmp/evil.pth', 'w').write('import os; os._exit(7)')
def shift(seed, x): return x
