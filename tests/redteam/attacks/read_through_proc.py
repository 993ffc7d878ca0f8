# Reaches for other processes and for the host through /proc.
# expected: wrong_parameters, wrong_value
import os
assert os.listdir('/proc') == ['cpuinfo']
for place in ('self/mem', 'self/fd', 'self/environ', '1/root', '1/mem', 'sys/kernel/core_pattern'):
    assert not os.path.exists('/proc/' + place)
def shift(seed, x): return x
