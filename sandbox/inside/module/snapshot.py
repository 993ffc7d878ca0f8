"""What a solution keeps of modules from one call to the next: put back as it was before a look into them."""

import gc
from typing import Any

from flax import nnx


class ModuleSnapshot:
    """Attributes and values of every module and variable that there is, as they are now.

    A kept instance that is called under a transformation is changed by way of a copy, and is left half
    taken apart where that raises. Looking at every object takes some tens of milliseconds.
    """

    def __init__(self) -> None:
        self._attributes: list[tuple[Any, dict[str, Any]]] = []
        self._values: list[tuple[Any, Any]] = []
        for found in gc.get_objects():
            bases = type(found).__mro__
            if nnx.Pytree in bases:
                self._attributes.append((found, dict(vars(found))))
            elif nnx.Variable in bases:
                self._values.append((found, object.__getattribute__(found, "_raw_value")))

    def restore(self) -> None:
        """Nothing is left of what was handed in or traced since."""
        for node, attributes in self._attributes:
            vars(node).clear()
            vars(node).update(attributes)
        for variable, value in self._values:
            object.__setattr__(variable, "_raw_value", value)
