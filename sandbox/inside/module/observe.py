"""Looks into the submitted module class as it is constructed, and hands parameters in."""

import functools
import gc
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType, TracebackType
from typing import Any

import jax
from flax import nnx
from jax.extend.core import get_opaque_trace_state

from sandbox.inside.module.named_class import Constructions, NamedClass, ReplacedCalls
from sandbox.inside.module.parameters import describe, draw, leaves, other_paths, put
from sandbox.inside.submitted_text import plain_text
from sandbox.interface import ModuleUse, Parameter

# Bound here, because submitted code may put something else in its place.
_to_jax = jax.device_put
_clear_programs: Callable[[], None] = jax.clear_caches

_OTHERS_LIMIT = 8


class Built(BaseException):
    """Leaves the submitted code as soon as an instance is there; not one of its `Exception`s."""


class Observer:
    """While entered, every instance of the named class is seen as soon as it is constructed.

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
        self._named = NamedClass(module, use.class_name) if use else None
        self._constructions: Constructions | None = None
        self._calls = ReplacedCalls()
        self._replaced: list[tuple[nnx.Param[Any], Any]] = []
        self._was_traced = False
        self._snapshot: _ModuleSnapshot | None = None
        self.parameters: tuple[Parameter, ...] | None = None
        self.instance: nnx.Module | None = None
        self.found: Sequence[tuple[str, Any]] = ()

    @property
    def missed(self) -> bool:
        """Whether the class is there, and none of its instances was seen."""
        return self._named is not None and self.parameters is None and self._named.exists

    @property
    def others(self) -> tuple[str, ...]:
        """The names of the text's other modules that were built, where none of the named class was seen."""
        if self._constructions is None or self.parameters is not None:
            return ()
        return tuple(plain_text(name, 80) for name in list(self._constructions.others)[:_OTHERS_LIMIT])

    def __enter__(self) -> None:
        if self._named is None:
            return
        self._around = get_opaque_trace_state(convention="nnx")
        for owner in list(self._named.alive()):
            self._watch_calls(owner)
        self._constructions = Constructions(self._named, self._seen)
        self._constructions.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        if self._constructions is None:
            return
        self._constructions.__exit__(kind, error, tb)
        self._calls.restore()
        if self._was_traced:
            _clear_programs()  # What was handed in has become a part of the traced program.
        for parameter, value in self._replaced:
            put(parameter, value)
        if self._snapshot is not None:
            self._snapshot.restore()

    def _watch_calls(self, owner: type) -> None:
        answer: Any = getattr(owner, "__call__", None)  # noqa: B004 - whether instances are callable
        if answer is None:
            return

        @functools.wraps(answer)
        def called(instance: Any, *args: Any, **kwargs: Any) -> Any:
            if self.parameters is None:
                self._snapshot = _ModuleSnapshot()  # It is older than this call, or a copy of one that is.
                self._seen(instance)
            return answer(instance, *args, **kwargs)

        self._calls.replace(owner, called)

    def _seen(self, instance: nnx.Module) -> None:
        assert self._use is not None
        found = list(leaves(instance))
        if self.parameters is None:
            self.found = found
            described = describe(found, other_paths(instance))
            self.parameters = tuple(sorted(described, key=lambda parameter: parameter.path))
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
