# Backtracks for ever in one call.
# expected: time_limit
import re
re.match('(a+)+$', 'a' * 99 + 'b')
