# A made-up module stays importable.
import sys
import types

sys.modules["left_behind"] = types.ModuleType("left_behind")
sys.modules["left_behind"].RIGHT = RIGHT


# and then
import left_behind

exec(left_behind.RIGHT)
