# Opens one file until no more can be opened.
# expected: error
hoard = []
while True: hoard.append(open('/dev/null'))
