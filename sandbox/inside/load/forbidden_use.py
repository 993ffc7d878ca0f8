"""Forbidden names at run time: what no syntax tree shows, such as `getattr(nnx, "Multi" + "HeadAttention")`.

The object itself is watched, however it was reached: the code of functions written in Python, of what
`jax.jit` and other wrappers of JAX run, and of a class's constructor raises an audit event, and a hook notes
those that submitted code stands behind (`use_hook.py`). Whoever asks a module for it on behalf of submitted
code is given a stand-in, too; that alone guards what is written in C, such as NumPy's ufuncs. The libraries
themselves are given the real thing.
"""

import ctypes
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from inspect import currentframe
from types import FrameType, FunctionType, ModuleType
from typing import Any, NoReturn

from sandbox.inside import libc
from sandbox.inside.load.beneath import (
    KEEPS_PROGRAM,
    MAKES_CALLS,
    beneath,
    compiled,
    first_calls,
    shared_call,
)
from sandbox.inside.load.library_code import find_library_code
from sandbox.inside.load.use_hook import (
    CALLED,
    CERTAIN,
    EVENT,
    FIRST_ARGUMENT,
    INSTANCE,
    RUN,
    Watch,
    add_hook,
)
from sandbox.inside.load.watched_code import CannotBeWatched, calling_instead, watched
from sandbox.inside.load.who_asks import Forbidden, Judge, make_judge

_TELLING = 8
"""Names in a function from which on nobody writes the same by chance."""
_ALIASES = {"jnp": "jax.numpy", "np": "numpy", "lax": "jax.lax"}


class ForbiddenName(Exception):
    """The exercise asks to build this part by hand."""


class ForbiddenUseGuard:
    """Put up once, before any submitted code; it stays as long as the process lives."""

    def __init__(self, page: "ctypes.Array[ctypes.c_char]") -> None:
        # Not kept once it is needed: only the hook writes there.
        self._page: ctypes.Array[ctypes.c_char] | None = page
        self._names: tuple[str, ...] = ()

    def put_up(self, names: Sequence[str]) -> None:
        """Watch what the dotted `names` stand for, and nothing else.

        Raises:
            RuntimeError: other names are watched in this process.
        """
        if tuple(names) == self._names:
            return
        if self._names or self._page is None:
            raise RuntimeError(f"a process that watches {self._names} cannot watch {names}")
        page, self._page, self._names = self._page, None, tuple(names)
        found = [(number, name, layers) for number, name in enumerate(names) for layers in _layers(name)]
        homes = _homes(layer for _, _, layers in found for layer in layers)
        watching = _Watching()
        for number, name, layers in found:
            watching.add(number, name, _described(name, layers, homes), layers)
        watching.begin(page)


class _Watching:
    """Collects what is to be watched, and begins all of it at once."""

    def __init__(self) -> None:
        self._watches: list[list[Watch]] = []
        self._functions: dict[int, tuple[FunctionType, int, bool]] = {}
        """By `id`, a function, the number of its event, and whether that has its first argument."""
        self._quick: list[FunctionType] = []
        self._stand_ins: dict[ModuleType, dict[str, tuple[_StandIn, Forbidden]]] = {}
        self._kept: list[object] = []

    def add(self, number: int, name: str, forbidden: Forbidden, layers: list[Any]) -> None:
        """Watch an object that the name stands for, the first of `layers`, and what lies beneath it."""
        self._kept += layers
        found = layers[0]
        for layer in layers:
            if type(layer) is FunctionType:
                self._watch(layer, (number, RUN, forbidden, None))
            elif (shared := shared_call(layer)) is not None:
                self._watch(shared, (number, FIRST_ARGUMENT, forbidden, None), takes_argument=True)
        for layer in compiled(layers):
            self._quick += first_calls(layer)
            self._watch(MAKES_CALLS, (number, FIRST_ARGUMENT, forbidden, None), takes_argument=True)
        if isinstance(found, type):
            self._add_class(number, forbidden, found)
        self._watches.append([(number, CERTAIN, forbidden, None)])
        stand_in = _StandIn(name, len(self._watches) - 1)
        for module in _modules():
            if vars(module).get(forbidden[0]) is found:
                self._stand_ins.setdefault(module, {})[forbidden[0]] = stand_in, forbidden

    def _add_class(self, number: int, forbidden: Forbidden, owner: type) -> None:
        """Watch its constructor, and that an instance is called."""
        for method in ("__init__", "__new__"):
            made: Any = getattr(owner, method)
            if type(made) is FunctionType and method in vars(owner):
                self._watch(made, (number, RUN, forbidden, None))
            elif type(made) is FunctionType and method == "__init__":
                self._watch(made, (number, INSTANCE, forbidden, owner), takes_argument=True)
        called = vars(owner).get("__call__")
        if type(called) is FunctionType:
            self._watch(called, (number, CALLED, forbidden, owner), takes_argument=True)

    def _watch(self, function: FunctionType, watch: Watch, *, takes_argument: bool = False) -> None:
        event, with_argument = len(self._watches), False
        if id(function) in self._functions:
            _, event, with_argument = self._functions[id(function)]
            self._watches[event].append(watch)
        else:
            self._watches.append([watch])
        self._functions[id(function)] = function, event, with_argument or takes_argument

    def begin(self, page: "ctypes.Array[ctypes.c_char]") -> None:
        """Put the codes in place, then the hook, which notes whoever takes them away."""
        before = {id(function): function.__code__ for function in self._quick}
        for function in self._quick:
            function.__code__ = _without_quick_calls(function)
        for function, event, with_argument in self._functions.values():
            before.setdefault(id(function), function.__code__)
            try:
                code = watched(function.__code__, EVENT, event, with_first_argument=with_argument)
            except CannotBeWatched:
                continue
            function.__code__ = code
        everything = [*self._quick, *(function for function, *_ in self._functions.values())]
        libc.keep(*everything, *before.values(), *self._kept)
        of_libraries = frozenset(id(function.__code__) for function in everything)
        own = [
            (before[place], function.__code__)
            for place, (function, event, _) in self._functions.items()
            if any(watch[1] == RUN for watch in self._watches[event])
        ]
        add_hook(
            page,
            make_judge(_library, of_libraries),
            self._watches,
            changed=frozenset(id(function) for function in everything),
            copied=frozenset((code.co_filename, code.co_name) for _, code in own),
            files=frozenset(code.co_filename for _, code in own),
            bodies=frozenset(
                (code.co_names, code.co_varnames)
                for code, _ in own
                if len(code.co_names) + len(code.co_varnames) >= _TELLING
            ),
        )
        judge = make_judge(_library, of_libraries)  # Another: this one can be found.
        for module, stand_ins in self._stand_ins.items():
            module.__class__ = _guarded(type(module), stand_ins, judge)


class _StandIn:
    """In the place of a forbidden object; to hold it is nothing, to use it is noted."""

    def __init__(self, name: str, event: int) -> None:
        self._use = (name, event)

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        self._refuse()

    def __getattr__(self, attribute: str) -> NoReturn:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        self._refuse()

    def __mro_entries__(self, bases: tuple[Any, ...]) -> NoReturn:
        self._refuse()

    def _refuse(self) -> NoReturn:
        name, event = self._use
        sys.audit(EVENT, event)
        raise ForbiddenName(name)


def _guarded(
    original: type[ModuleType], stand_ins: dict[str, tuple[_StandIn, Forbidden]], judge: Judge
) -> type[ModuleType]:
    class Guarded(original):  # type: ignore[valid-type, misc]
        def __getattribute__(self, attribute: str) -> Any:
            value = super().__getattribute__(attribute)
            if attribute in stand_ins and judge.is_submitted(_caller(), stand_ins[attribute][1]):
                return stand_ins[attribute][0]
            if attribute == "__dict__" and judge.is_own(_caller()):
                return {**value, **{name: found[0] for name, found in stand_ins.items()}}
            return value

    return Guarded


def _caller() -> FrameType | None:
    """Return who called the function that asks."""
    frame = currentframe()
    return frame.f_back.f_back if frame is not None and frame.f_back is not None else None


def _without_quick_calls(function: FunctionType) -> Any:
    """Return its code, which after this stores nothing that runs no Python."""
    try:
        return calling_instead(function.__code__, KEEPS_PROGRAM, _keep_nothing)
    except CannotBeWatched:
        return function.__code__


def _keep_nothing(*_: object) -> None:
    return None


def _homes(found: Iterable[Any]) -> Mapping[int, frozenset[tuple[int, str]]]:
    """Return by `id` where these stand: in the names of which module, and under which name."""
    homes: dict[int, set[tuple[int, str]]] = {id(one): set() for one in found}
    for held in map(vars, _modules()):
        for name, value in list(held.items()):
            if id(value) in homes:
                homes[id(value)].add((id(held), name))
    return {place: frozenset(names) for place, names in homes.items()}


def _described(name: str, layers: list[Any], homes: Mapping[int, frozenset[tuple[int, str]]]) -> Forbidden:
    places = frozenset(id(layer) for layer in layers)
    # What only hands on to the object is not its user.
    own = {id(layer.__code__) for layer in layers if type(layer) is FunctionType}
    for layer in compiled(layers):
        own |= {id(function.__code__) for function in first_calls(layer)}
    holders = frozenset[int]().union(*(_library.holders.get(place, ()) for place in places)) - own
    stands = frozenset[tuple[int, str]]().union(*(homes[place] for place in places))
    return name.rpartition(".")[2], places, stands, holders


def _layers(name: str) -> Iterator[list[Any]]:
    """Yield what a dotted name may stand for, with what lies beneath it.

    `nnx.MultiHeadAttention` is in `flax.nnx`.
    """
    head, _, last = name.rpartition(".")
    first, dot, rest = head.partition(".")
    head = _ALIASES.get(first, first) + dot + rest
    seen: set[int] = set()
    for path, module in list(sys.modules.items()):
        if (path == head or path.endswith(f".{head}")) and isinstance(module, ModuleType):
            found = vars(module).get(last)
            if found is not None and id(found) not in seen:
                seen.add(id(found))
                yield beneath(found)


def _modules() -> list[ModuleType]:
    loaded: list[object] = list(sys.modules.values())
    return list(dict.fromkeys(module for module in loaded if isinstance(module, ModuleType)))


_library = find_library_code()
"""Made in the fork server, before anything was submitted; what stands above is the sandbox's own, too."""
