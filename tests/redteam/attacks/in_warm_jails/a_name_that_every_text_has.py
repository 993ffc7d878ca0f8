# A builtin has the answer.
import builtins

builtins.left_behind = RIGHT


# and then
exec(left_behind)
