"""The `nnx.Module` class that a problem names, wherever the submitted text defines it."""

import functools
import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from inspect import currentframe
from types import ModuleType, TracebackType
from typing import Any

from flax import nnx

from sandbox.inside.submitted_text import FILE_NAME, frames_from

_MODULES_LIMIT = 100_000
# What makes instances of every module class, those too that are not defined yet.
_maker: Any = type(nnx.Module)
# Read as they are: a class of the text may answer otherwise, or raise.
_mro_of: Callable[[type], tuple[type, ...]] = type.__dict__["__mro__"].__get__
_name_of: Callable[[type], str] = type.__dict__["__name__"].__get__
_place_of: Callable[[type], object] = type.__dict__["__module__"].__get__
# Texts that have built one: a class that was defined inside a function may be gone while its program is kept.
_have_built: "weakref.WeakSet[ModuleType]" = weakref.WeakSet()


class NamedClass:
    """Tells which classes are meant by a name in a text.

    One that the top of the text, or a function that runs, binds to the name, whatever it calls itself; one
    that is defined under the name, also inside a function or another class; and whatever derives from one
    of these. Asking runs no code of the text.
    """

    def __init__(self, module: ModuleType, name: str) -> None:
        self._module = module
        self._name = name
        self._bound_in_functions: set[int] = set()

    def is_meant(self, owner: type) -> bool:
        """Return whether instances of `owner` count as instances of the named class."""
        bases, bound = _mro_of(owner), self._module.__dict__.get(self._name)
        return nnx.Module in bases and any(
            base is bound
            or id(base) in self._bound_in_functions
            or (_name_of(base) == self._name and self.is_of_text(base))
            for base in bases
        )

    def look_for_it(self, owner: type) -> None:
        """Count `owner` as meant where a function of the text that is running binds it to the name."""
        for frame in frames_from(currentframe()):
            if frame.f_code.co_filename == FILE_NAME and frame.f_locals.get(self._name) is owner:
                self._bound_in_functions.add(id(owner))

    def is_of_text(self, owner: type) -> bool:
        """Return whether the text defines `owner`."""
        try:
            place = _place_of(owner)
        except AttributeError:  # It was deleted.
            return False
        return type(place) is str and place == self._module.__name__

    def alive(self) -> Iterator[type]:
        """Yield every class that is meant and has been defined by now."""
        left: list[type] = [nnx.Module]
        met: set[int] = set()
        while left and len(met) < _MODULES_LIMIT:
            owner = left.pop()
            if id(owner) in met:
                continue
            met.add(id(owner))
            left += type.__subclasses__(owner)
            if self.is_meant(owner):
                yield owner

    @property
    def exists(self) -> bool:
        """Whether the text defines such a class, or has built one before."""
        return self._module in _have_built or next(self.alive(), None) is not None

    def was_built(self) -> None:
        """Remember that the text has built one."""
        _have_built.add(self._module)


class ReplacedCalls:
    """`__call__` of some classes, replaced until `restore`."""

    def __init__(self) -> None:
        self._own: dict[type, Any] = {}
        """What stood in each class itself; None where it is inherited."""

    def __contains__(self, owner: type) -> bool:
        return owner in self._own

    def replace(self, owner: type, called: Callable[..., Any]) -> None:
        """Have instances of `owner` answer by `called`."""
        self._own[owner] = vars(owner).get("__call__")
        owner.__call__ = called  # type: ignore[method-assign]

    def restore(self) -> None:
        """Put back what stood in each class."""
        for owner, original in self._own.items():
            if original is not None:
                owner.__call__ = original  # type: ignore[method-assign]
            else:
                del owner.__call__


class Constructions:
    """While entered, `seen` is given every new instance of the named class, once it is complete.

    `around` is entered for as long as one is constructed. `others` are the names of the text's own
    modules that were constructed and are not meant, outermost first.
    """

    def __init__(
        self,
        named: NamedClass,
        seen: Callable[[Any], None],
        around: Callable[[], AbstractContextManager[Any]] = nullcontext,
    ) -> None:
        self._named = named
        self._seen = seen
        self._around = around
        self.others: dict[str, None] = {}

    def __enter__(self) -> None:
        self._original = _maker.__call__

        @functools.wraps(self._original)
        def made(owner: Any, *args: Any, **kwargs: Any) -> Any:
            if self._named.is_of_text(owner) and not self._named.is_meant(owner):
                self._named.look_for_it(owner)
            if not self._named.is_meant(owner):
                if self._named.is_of_text(owner):
                    self.others.setdefault(_name_of(owner))
                return self._original(owner, *args, **kwargs)
            with self._around():
                instance = self._original(owner, *args, **kwargs)
            self._named.was_built()
            self._seen(instance)
            return instance

        _maker.__call__ = made

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        _maker.__call__ = self._original
