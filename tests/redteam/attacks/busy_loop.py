# Busy loop.
# expected: time_limit
while True: pass
