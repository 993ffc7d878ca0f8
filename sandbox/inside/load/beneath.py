"""What lies beneath an object that can be called: whoever reaches one of these has the object itself."""

import gc
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any, cast

import jax
from jax._src import pjit

_Compiled: type = type(jax.jit(lambda: None))
_LEADS_ON = ("__wrapped__", "fun", "_fun", "_func", "_implementation")
"""Where JAX's and NumPy's wrappers keep what they wrap. Not `functools.partial.func`: that is anybody's."""

MAKES_CALLS = cast(FunctionType, pjit._infer_params)  # noqa: SLF001 - there is no public place for it
"""Takes the function that was compiled first, for a call that runs no stored program and for a trace."""
KEEPS_PROGRAM = "_get_fastpath_data"
"""What a compiled function calls for what makes its next call run no Python."""


def beneath(found: Any) -> list[Any]:
    """Return the object and all that its wrappers wrap; of a class, only itself."""
    layers: list[Any] = [found]
    for layer in layers:  # It grows meanwhile.
        if isinstance(layer, type | ModuleType):
            continue
        for inner in (_attribute(layer, name) for name in _LEADS_ON):
            if callable(inner) and not any(inner is known for known in layers):
                layers.append(inner)
    return layers


def compiled(layers: list[Any]) -> list[Any]:
    """Return those that are functions of `jax.jit`, whose calls need not run any Python."""
    return [layer for layer in layers if type(layer) is _Compiled]


def first_calls(function: Any) -> Iterator[FunctionType]:
    """Yield what a function of `jax.jit` runs for a call that it does not know, innermost last."""
    for held in gc.get_referents(function):
        while type(held) is FunctionType and KEEPS_PROGRAM not in held.__code__.co_names:
            held = getattr(held, "__wrapped__", None)
        if type(held) is FunctionType:
            yield held


def shared_call(layer: Any) -> FunctionType | None:
    """Return the method in Python that is run for a call of `layer` and of all others of its type."""
    if isinstance(layer, type | FunctionType):
        return None
    method = getattr(type(layer), "__call__", None)  # noqa: B004 - the method itself is asked for
    while type(method) is FunctionType and not method.__code__.co_argcount:
        method = getattr(method, "__wrapped__", None)
    return method if type(method) is FunctionType else None


def _attribute(layer: Any, name: str) -> Any:
    try:
        return getattr(layer, name, None)
    except Exception:  # A property of theirs may raise anything.
        return None
