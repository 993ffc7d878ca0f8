# Busy loop.
# expected: time_limit
# says: processor time: 3 s, at line 4
while True: pass
