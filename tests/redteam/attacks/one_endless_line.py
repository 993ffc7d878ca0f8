# One endless line.
# expected: output_limit
import sys
while True: sys.stdout.write('a' * 65536)
