# Prints NUL, invalid UTF-8, escapes and HTML.
# expected: wrong_parameters, wrong_value
import os
for fd in (1, 2): os.write(fd, b'\x00\xff\xfe\x1b]52;c;eA==\x07<script>alert(1)</script>\r\x9b2J')
def shift(seed, x): return x
