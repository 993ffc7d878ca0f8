# Replace the interpreter's files.
# expected: error
open('/jail/library/sandbox/wire.py', 'w')
