# Disk.
# expected: crashed, error, memory_limit
with open('/tmp/full', 'wb') as file:
    while True: file.write(bytes(1 << 20))
