# The answer hides in the class that every module inherits from.
from flax import nnx

nnx.Module.left_behind = RIGHT


# and then
from flax import nnx

exec(nnx.Module.left_behind)
