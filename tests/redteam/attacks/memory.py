# Memory.
# expected: memory_limit
# says: memory: 256 MB, at line 5
hoard = []
while True: hoard.append(bytearray(1 << 24))
