"""Forbidden names at run time: what no syntax tree shows, such as `getattr(nnx, "Multi" + "HeadAttention")`.

While the guard is up, whoever asks a module for a forbidden object on behalf of submitted code is given a
stand-in, and using that is noted; the libraries themselves are given the real thing. Classes and functions
written in Python are guarded themselves, however they were found. It is a fence, not a wall: it stands in the
submission's own process, and who digs in Python's memory has learnt more than the exercise asks for.
"""

import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from inspect import currentframe
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any, NoReturn

from sandbox.inside import libc
from sandbox.inside.load.library_code import find_library_code
from sandbox.inside.load.who_asks import Judge
from sandbox.inside.submitted_text import running_line
from sandbox.interface import ForbiddenUse

_ALIASES = {"jnp": "jax.numpy", "np": "numpy", "lax": "jax.lax"}


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
                elif type(forbidden) is FunctionType:
                    self._guard_function(forbidden, name)
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
        real = {name: vars(module)[name] for name in stand_ins}
        module.__class__ = _guarded(original, stand_ins, real)

        def undo() -> None:
            module.__class__ = original

        self._undo.append(undo)

    def _guard_class(self, forbidden: Any, name: str) -> None:
        """Keep submitted code from constructing it, wherever the class itself was found."""
        original = forbidden.__init__
        is_own = "__init__" in vars(forbidden)

        def guarded(instance: Any, *args: Any, **kwargs: Any) -> None:
            if _judge.is_submitted(_caller(), forbidden.__name__, forbidden):
                self.note(name)
                raise ForbiddenName(name)
            original(instance, *args, **kwargs)

        def undo() -> None:
            if is_own:
                forbidden.__init__ = original
            else:
                del forbidden.__init__

        try:
            # Flax and others read it; `__wrapped__` would hand out the original.
            guarded.__signature__ = inspect.signature(original)  # type: ignore[attr-defined]
            forbidden.__init__ = guarded
        except (AttributeError, TypeError, ValueError):  # Not written in Python: its modules are guarded.
            return
        self._undo.append(undo)

    def _guard_function(self, forbidden: FunctionType, name: str) -> None:
        """Keep submitted code from calling it, wherever it was found: the same object runs another code."""
        code = forbidden.__code__
        if code.co_freevars:
            return  # A code with another number of these cannot take its place.
        twin = FunctionType(code, forbidden.__globals__, forbidden.__name__, forbidden.__defaults__)
        twin.__kwdefaults__ = forbidden.__kwdefaults__
        last = name.rpartition(".")[2]

        def enter(*args: Any, **kwargs: Any) -> Any:
            if _judge.is_submitted(_caller(2), last, forbidden):
                self.note(name)
                raise ForbiddenName(name)
            return twin(*args, **kwargs)

        held = enter.__closure__ or ()
        libc.hide_from_collector(twin, enter, held, *held)
        had_signature = "__signature__" in vars(forbidden)
        if not had_signature:
            forbidden.__signature__ = inspect.signature(forbidden)  # type: ignore[attr-defined]
        forbidden.__code__ = _judge.passing(_calling(enter))

        def undo() -> None:
            forbidden.__code__ = code
            if not had_signature:
                del forbidden.__signature__  # type: ignore[attr-defined]

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


def _guarded(original: type[ModuleType], stand_ins: dict[str, Any], real: dict[str, Any]) -> type[ModuleType]:
    class Guarded(original):  # type: ignore[valid-type, misc]
        def __getattribute__(self, attribute: str) -> Any:
            value = super().__getattribute__(attribute)
            if attribute in stand_ins and _judge.is_submitted(_caller(), attribute, real[attribute]):
                return stand_ins[attribute]
            if attribute == "__dict__" and _judge.is_submitted(_caller(), attribute, None):
                return {**value, **stand_ins}
            return value

    return Guarded


def _caller(frames: int = 1) -> FrameType | None:
    """Return who called the function that asks, `frames` calls further out."""
    frame = currentframe()
    for _ in range(frames + 1):
        frame = frame.f_back if frame is not None else None
    return frame


def _calling(enter: Callable[..., Any]) -> CodeType:
    """Return a code of a function that only hands its arguments to `enter`."""

    def stub(*args: Any, **kwargs: Any) -> Any:
        entered: Any = "enter"
        return entered(*args, **kwargs)

    constants = tuple(enter if constant == "enter" else constant for constant in stub.__code__.co_consts)
    return stub.__code__.replace(co_consts=constants)


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


_judge = Judge(find_library_code())
"""Made in the fork server, before anything was submitted; what stands above is the sandbox's own, too."""
