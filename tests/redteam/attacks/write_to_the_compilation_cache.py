# Write to the compilation cache.
# expected: error
open('/jail/cache/poison', 'w')
