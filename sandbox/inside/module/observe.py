"""Looks into the submitted module class as it is constructed, and hands parameters in."""

import functools
import gc
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType, TracebackType
from typing import Any

import jax
from flax import nnx
from jax.extend.core import get_opaque_trace_state

from sandbox.inside.module.parameters import describe, draw, leaves, put
from sandbox.interface import ModuleUse, Parameter

# Bound here, because submitted code may put something else in its place.
_to_jax = jax.device_put
_clear_programs: Callable[[], None] = jax.clear_caches


class Built(BaseException):
    """Leaves the submitted code as soon as an instance is there; not one of its `Exception`s."""


def module_class(module: ModuleType, name: str) -> Any:
    """Return the `nnx.Module` of this name in the submitted text; None where there is none.

    Looking at an object may run code of the text, so whatever that raises goes through.
    """
    found = module.__dict__.get(name)
    return found if isinstance(found, type) and issubclass(found, nnx.Module) else None


class Observer:
    """While entered, every instance of the named class is seen right after its `__init__`.

    A solution may keep an instance from one call to the next: one that is called before any is
    constructed is seen then. What was handed in is taken back at the end, for the same reason.

    `parameters` is what the first instance held, None while there was none, and `found` its variables by
    path. With `values`, by path, those are handed in where they name a parameter. With `leave_early`,
    `Built` is raised at the first instance, and `instance` is a copy of it that keeps what was handed in.
    """

    def __init__(
        self,
        use: ModuleUse | None,
        module: ModuleType,
        *,
        values: Mapping[str, Any] | None = None,
        leave_early: bool = False,
    ) -> None:
        self._use = use
        self._values = values or {}
        self._leave_early = leave_early
        self._class: Any = module_class(module, use.class_name) if use else None
        self._replaced: list[tuple[nnx.Param[Any], Any]] = []
        self._was_traced = False
        self._snapshot: _ModuleSnapshot | None = None
        self.parameters: tuple[Parameter, ...] | None = None
        self.instance: nnx.Module | None = None
        self.found: Sequence[tuple[str, Any]] = ()

    @property
    def missed(self) -> bool:
        """Whether the class is there, and none of its instances was seen."""
        return self._class is not None and self.parameters is None

    def __enter__(self) -> None:
        if self._class is None:
            return
        self._around = get_opaque_trace_state(convention="nnx")
        self._own = {name: vars(self._class).get(name) for name in ("__init__", "__call__")}
        construct = self._class.__init__
        answer = getattr(self._class, "__call__", None)  # noqa: B004 - whether instances are callable

        @functools.wraps(construct)
        def constructed(instance: Any, *args: Any, **kwargs: Any) -> None:
            construct(instance, *args, **kwargs)
            if type(instance) is self._class:  # A subclass is seen once it is complete.
                self._seen(instance)

        def called(instance: Any, *args: Any, **kwargs: Any) -> Any:
            if self.parameters is None and isinstance(instance, self._class):
                self._snapshot = _ModuleSnapshot()  # It is older than this call, or a copy of one that is.
                self._seen(instance)
            assert answer is not None
            return answer(instance, *args, **kwargs)

        self._class.__init__ = constructed
        if answer is not None:
            self._class.__call__ = functools.wraps(answer)(called)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        if self._class is None:
            return
        for name, original in self._own.items():
            if original is not None:
                setattr(self._class, name, original)
            elif name in vars(self._class):
                delattr(self._class, name)
        if self._was_traced:
            _clear_programs()  # What was handed in has become a part of the traced program.
        for parameter, value in self._replaced:
            put(parameter, value)
        if self._snapshot is not None:
            self._snapshot.restore()

    def _seen(self, instance: nnx.Module) -> None:
        assert self._use is not None
        found = list(leaves(instance))
        if self.parameters is None:
            self.found = found
            self.parameters = tuple(sorted(describe(found), key=lambda parameter: parameter.path))
        if self._use.std is not None:
            self._hand_in(found, self._use, self._use.std)
        if self._leave_early:
            self.instance = nnx.clone(instance)
            raise Built

    def _hand_in(self, found: Sequence[tuple[str, Any]], use: ModuleUse, std: float) -> None:
        self._was_traced |= get_opaque_trace_state(convention="nnx") != self._around
        nodes = {path: node for path, node in found if isinstance(node, nnx.Param)}
        before = {path: node.get_value() for path, node in nodes.items()}
        # One transfer for all of them.
        drawn = _to_jax(
            {
                path: draw(path, value.shape, seed=use.seed, std=std, draws=use.draws)
                for path, value in before.items()
                if self._values.get(path) is None
            }
        )
        for path, node in nodes.items():
            put(node, drawn[path] if path in drawn else self._values[path])
            if not self._was_traced:
                self._replaced.append((node, before[path]))


class _ModuleSnapshot:
    """Attributes and values of every module and variable that there is, as they are now.

    A solution may keep modules from one call to the next. A kept instance that is called under a
    transformation is changed by way of a copy, and is left half taken apart where that raises. Looking at
    every object takes some tens of milliseconds.
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
        """Leave nothing of what was handed in or traced since."""
        for node, attributes in self._attributes:
            vars(node).clear()
            vars(node).update(attributes)
        for variable, value in self._values:
            object.__setattr__(variable, "_raw_value", value)
