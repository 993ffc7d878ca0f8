"""A key for a call of a compiled library function: equal keys, equal traced programs.

What tracing reads is the function, its static arguments, the types of the others and JAX's own settings;
JAX's cache of traced programs is keyed by the same. A function has a key only if it was there before any
submitted code, because only then its name says which function it is.
"""

import gc
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import msgspec
from jax._src import config, core, dispatch, pjit, tree_util
from jax._src.lib import jax_jit
from jax._src.named_sharding import UNSPECIFIED

from sandbox.inside.jax_patches.jaxpr_hash import Unhashable, add_aval, add_value, primitive_name, settings

_LIBRARIES = ("jax.", "flax.", "optax.")
_PLAIN_TREE = re.compile(r"PyTreeDef\([\[\]()*, ]*\)")


class KeyedCall(msgspec.Struct, frozen=True):
    """A call's key, and what it hands over apart from static arguments."""

    key: str
    arrays: Sequence[Any]
    avals: tuple[Any, ...]


class LibraryFunctions:
    """The compiled functions of the libraries, as they are when this is made."""

    def __init__(self) -> None:
        compiled: Any = jax.jit(lambda: None)
        self._names = _unique_names([found for found in gc.get_objects() if type(found) is type(compiled)])
        self._of_primitives = _code_of_primitives()

    def key_call(
        self, function: Any, info: Any, arguments: tuple[Any, ...], keywords: Mapping[str, Any]
    ) -> KeyedCall:
        """Return the call with its key, a SHA-256 in hexadecimal.

        Raises:
            Unhashable: the function is not of a library, or an argument cannot be hashed exactly.
        """
        parts = [settings(config.trace_context())]
        self._add_function(parts, function)
        if not _is_plain(info):
            raise Unhashable("compiled with options")
        signature, arrays = jax_jit.parse_arguments(
            arguments,
            tuple(keywords.values()),
            tuple(keywords),
            info.static_argnums,
            info.static_argnames,
            tree_util.tracing_registry,
        )
        for value in (signature.static_args, signature.static_arg_names, signature.dynamic_arg_names):
            add_value(parts, value)
        for tree in map(str, signature.dynamic_arg_treedefs):
            if not _PLAIN_TREE.fullmatch(tree):
                raise Unhashable("an argument of a structure of its own")
            parts.append(tree)
        if any(getattr(array, "_committed", False) for array in arrays) or not pjit.get_ctx_mesh(False).empty:
            raise Unhashable("an array that was put somewhere")
        avals = tuple(map(core.shaped_abstractify, arrays))
        for aval in avals:
            add_aval(parts, aval)
        return KeyedCall(hashlib.sha256("\x1f".join(parts).encode()).hexdigest(), arrays, avals)

    def _add_function(self, parts: list[str], function: Any) -> None:
        named = self._names.get(id(function))
        if named is not None:
            parts.append(named[0])
        elif getattr(function, "__code__", None) is self._of_primitives:
            held = dict(zip(function.__code__.co_freevars, function.__closure__, strict=True))
            parts.append(f"={primitive_name(held['prim'].cell_contents)}")
            add_value(parts, held["params"].cell_contents)
        else:
            raise Unhashable("a function of its own")


def _unique_names(compiled: Sequence[Any]) -> dict[int, tuple[str, Any]]:
    """Key them by identity; each with its function, so that no other can be given the same one."""
    functions: dict[str, list[Any]] = {}
    for function in {id(found._fun): found._fun for found in compiled}.values():  # noqa: SLF001
        if (name := _full_name(function)) is not None:
            functions.setdefault(name, []).append(function)
    return {id(same[0]): (name, same[0]) for name, same in functions.items() if len(same) == 1}


def _full_name(function: Any) -> str | None:
    module, code = getattr(function, "__module__", None), getattr(function, "__code__", None)
    if code is None or not str(module).startswith(_LIBRARIES):
        return None
    return f"{module}.{function.__qualname__}:{code.co_firstlineno}"


def _code_of_primitives() -> Any:
    """Return the code that all functions share which JAX makes of single operations.

    Raises:
        AttributeError: this JAX is built otherwise; a new version has to be looked at.
    """
    made: Callable[..., Any] = dispatch.xla_primitive_callable(jax.lax.add_p)._fun  # noqa: SLF001
    if set(made.__code__.co_freevars) != {"prim", "params"}:
        raise AttributeError("JAX makes functions of single operations otherwise")
    return made.__code__


def _is_plain(info: Any) -> bool:
    leaves = (*info.in_shardings_leaves, *info.out_shardings_leaves)
    layouts = (*info.in_layouts_leaves, *info.out_layouts_leaves)
    return (
        all(leaf is None or leaf is UNSPECIFIED for leaf in leaves)
        and all(layout is None for layout in layouts)
        and not (info.donate_argnums or info.donate_argnames or info.keep_unused or info.use_resource_env)
        and info.device is None
        and info.backend is None
        and not info.compiler_options_kvs
    )
