# Forge results on every descriptor.
# expected: sandbox_violation
import os
for number in range(3, 64):
    try: os.write(number, b'\x00\x00\x00\x05hello')
    except OSError: pass
def shift(seed, x):
    return x
