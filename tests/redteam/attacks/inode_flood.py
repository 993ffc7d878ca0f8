# Makes empty files without end.
# expected: error
number = 0
while True:
    number += 1
    open(f'/tmp/{number}', 'w').close()
