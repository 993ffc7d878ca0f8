"""What submitted code may set for its whole process, and the next one in that process must not find."""

import functools
import sys
from types import ModuleType
from typing import Any

import jax
import numpy as np
from flax.nnx import variablelib

_SET_FOR_EACH_RUN = ("jax_compilation_cache_dir", "jax_persistent_cache_min_compile_time_secs")
_CACHED = type(functools.cache(len))


class FirstState:
    """The settings of JAX and NumPy, and the names of Flax's types, as they are when this is made."""

    def __init__(self) -> None:
        self._settings = {
            name: value for name, value in jax.config.values.items() if name not in _SET_FOR_EACH_RUN
        }
        self._errors = np.geterr()
        self._printing = np.get_printoptions()
        self._types = dict(variablelib.VariableTypeCache)

    def restore(self) -> None:
        """Set all of it as it was."""
        now = jax.config.values
        for name, value in self._settings.items():
            if now[name] != value:
                jax.config.update(name, value)
        np.seterr(**self._errors)
        np.set_printoptions(**self._printing)
        variablelib.VariableTypeCache.clear()
        variablelib.VariableTypeCache.update(self._types)
        _forget_old_names()


def _forget_old_names() -> None:
    """Have JAX warn again of each old name that is asked for, which it does once in a process."""
    modules: list[Any] = list(sys.modules.values())  # Anybody can put anything there.
    for module in modules:
        look_up = vars(module).get("__getattr__") if isinstance(module, ModuleType) else None
        if isinstance(look_up, _CACHED) and module.__name__.startswith("jax"):
            look_up.cache_clear()
