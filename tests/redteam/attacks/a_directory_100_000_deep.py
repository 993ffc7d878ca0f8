# Nests directories as deep as it can.
# expected: error
import os
for _ in range(100_000):
    os.mkdir('a')
    os.chdir('a')
