# Raises with NUL, escapes and HTML in the text.
# expected: error
def shift(seed, x): raise ValueError('\x00\x1b[2J<img src=x onerror=alert(1)>\u202e')
