# Output flood.
# expected: output_limit
while True: print('a' * 999)
