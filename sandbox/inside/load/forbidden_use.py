"""Forbidden names at run time: what no syntax tree shows, such as `getattr(nnx, "Multi" + "HeadAttention")`.

While the guard is up, whoever asks a module for a forbidden object from submitted code is given a stand-in,
and using that is noted; the libraries themselves are given the real thing. It is a fence, not a wall: who
digs an object out of Python's insides has learnt more than the exercise asks for.
"""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from inspect import currentframe
from types import ModuleType
from typing import Any, NoReturn

import flax
import jax
import numpy
import optax

import sandbox
from sandbox.inside.submitted_text import frames_from, running_line
from sandbox.interface import ForbiddenUse

_ALIASES = {"jnp": "jax.numpy", "np": "numpy", "lax": "jax.lax"}
_LIBRARIES = tuple(
    {os.path.dirname(os.path.dirname(str(module.__file__))) + os.sep for module in (jax, flax, numpy, optax)}
    | {sandbox.__path__[0] + os.sep}
)
_PYTHON = os.path.dirname(os.__file__) + os.sep
_OURS = __file__


class ForbiddenName(Exception):
    """The exercise asks to build this part by hand."""


class ForbiddenUseGuard:
    """`used` is the first use since the guard was put up; it stays, whatever becomes of the exception."""

    def __init__(self) -> None:
        self.used: ForbiddenUse | None = None
        self._undo: list[Callable[[], None]] = []

    def put_up(self, names: Sequence[str]) -> None:
        """Guard what the dotted `names` stand for, and nothing else; the last guard is taken down."""
        self.take_down()
        held: dict[ModuleType, dict[str, Any]] = {}
        for name in names:
            for forbidden in _objects(name):
                stand_in = _StandIn(name, self)
                last = name.rpartition(".")[2]
                for module in _modules():
                    if vars(module).get(last) is forbidden:
                        held.setdefault(module, {})[last] = stand_in
                if isinstance(forbidden, type):
                    self._guard_class(forbidden, name)
        for module, stand_ins in held.items():
            self._guard_module(module, stand_ins)

    def take_down(self) -> None:
        """Put everything back as it was before `put_up`; nothing has been used."""
        while self._undo:
            self._undo.pop()()
        self.used = None

    def note(self, name: str) -> None:
        """Remember the line of the submitted code that is running."""
        if self.used is None:
            self.used = ForbiddenUse(name=name, line=running_line())

    def _guard_module(self, module: ModuleType, stand_ins: dict[str, Any]) -> None:
        original = type(module)
        module.__class__ = _guarded(original, stand_ins)

        def undo() -> None:
            module.__class__ = original

        self._undo.append(undo)

    def _guard_class(self, forbidden: Any, name: str) -> None:
        """Keep submitted code from constructing it, wherever the class itself was found."""
        original = forbidden.__init__
        is_own = "__init__" in vars(forbidden)
        # The metaclass's own frames stand between whoever constructs and `__init__`.
        construct = getattr(type(forbidden).__call__, "__code__", None)
        between = construct.co_filename if construct is not None else ""

        def guarded(instance: Any, *args: Any, **kwargs: Any) -> None:
            if _is_submitted(skipping=between):
                self.note(name)
                raise ForbiddenName(name)
            original(instance, *args, **kwargs)

        def undo() -> None:
            if is_own:
                forbidden.__init__ = original
            else:
                del forbidden.__init__

        guarded.__wrapped__ = original  # type: ignore[attr-defined]  # Flax and others read the signature.
        try:
            forbidden.__init__ = guarded
        except (AttributeError, TypeError):  # Not written in Python: then its modules are guarded, not it.
            return
        self._undo.append(undo)


class _StandIn:
    """In the place of a forbidden object; to hold it is nothing, to use it is noted."""

    def __init__(self, name: str, guard: ForbiddenUseGuard) -> None:
        self._use = (name, guard)

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        self._refuse()

    def __getattr__(self, attribute: str) -> NoReturn:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        self._refuse()

    def __mro_entries__(self, bases: tuple[Any, ...]) -> NoReturn:
        self._refuse()

    def _refuse(self) -> NoReturn:
        name, guard = self._use
        guard.note(name)
        raise ForbiddenName(name)


def _guarded(original: type[ModuleType], stand_ins: dict[str, Any]) -> type[ModuleType]:
    class Guarded(original):  # type: ignore[valid-type, misc]
        def __getattribute__(self, attribute: str) -> Any:
            value = super().__getattribute__(attribute)
            if attribute in stand_ins and _is_submitted():
                return stand_ins[attribute]
            if attribute == "__dict__" and _is_submitted():
                return {**value, **stand_ins}
            return value

    return Guarded


def _objects(name: str) -> Iterator[Any]:
    """Yield what a dotted name may stand for: `nnx.MultiHeadAttention` is in `flax.nnx`."""
    head, _, last = name.rpartition(".")
    first, dot, rest = head.partition(".")
    head = _ALIASES.get(first, first) + dot + rest
    for path, module in list(sys.modules.items()):
        if (path == head or path.endswith(f".{head}")) and isinstance(module, ModuleType):
            found = vars(module).get(last)
            if found is not None:
                yield found


def _modules() -> list[ModuleType]:
    loaded: list[object] = list(sys.modules.values())
    return [module for module in loaded if isinstance(module, ModuleType)]


def _is_submitted(*, skipping: str = "") -> bool:
    """Say whether submitted code asks, itself or through Python's own library."""
    for asking in frames_from(currentframe()):
        file = asking.f_code.co_filename
        if file in (_OURS, skipping) or file.startswith("<frozen "):
            continue
        if file.startswith(_LIBRARIES):
            return False
        if not file.startswith(_PYTHON):
            return True  # Text that it compiles itself has names that it chooses.
    return False
