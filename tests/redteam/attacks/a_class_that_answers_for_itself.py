# Has its module's class raise on whatever is asked of it, while and after it is built.
# expected: error, wrong_parameters
from flax import nnx
class Meta(type(nnx.Module)):
    quiet = True
    def __getattribute__(cls, name):
        if not Meta.quiet and name in ('__name__', '__module__', '__mro__', '__call__', '__dict__'):
            raise SystemExit
        return super().__getattribute__(name)
    def __eq__(cls, other): raise SystemExit
    def __hash__(cls):
        if not Meta.quiet: raise SystemExit
        return 1
    def __subclasscheck__(cls, other): raise SystemExit
class Name(str):
    def __eq__(self, other): raise SystemExit
    __hash__ = str.__hash__
class Shift(nnx.Module, metaclass=Meta):
    __module__ = Name('solution')
    def __init__(self): self.shift = nnx.Param(float('nan'))
def shift(seed, x):
    Meta.quiet = False
    Shift()
    return x
