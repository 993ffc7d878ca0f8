"""Says of a use of a forbidden object whether it is the submission's own or a library's."""

from collections.abc import Iterator, Sequence
from importlib.machinery import SourceFileLoader
from types import CodeType, FrameType, ModuleType
from typing import Any

from sandbox.inside.load.library_code import LibraryCode

# A guarded module answers otherwise.
_names_of: Any = vars(ModuleType)["__dict__"].__get__


class Judge:
    """Walks outwards from a use to whoever names the object.

    A library's frame that names it in its own code is its user. One that does not, such as `jax.tree.map`,
    only calls what it was handed, so whoever called it is asked in turn. Submitted code is whatever was not
    there before; a use that nobody names, as in a thread whose target it is, is the submission's too.
    """

    def __init__(self, library: LibraryCode) -> None:
        self._library = library
        self._later: dict[str, frozenset[CodeType]] = {}
        self._passed: dict[int, CodeType] = {}

    def passing(self, code: CodeType) -> CodeType:
        """Pass over this code from here on: it only hands on what it was given."""
        self._passed[id(code)] = code
        return code

    def is_submitted(self, frame: FrameType | None, name: str, forbidden: Any) -> bool:
        """Say whether the use of `forbidden` that `frame` makes is the submission's; `name` is its last."""
        library = self._library
        while frame is not None:
            code = frame.f_code
            if id(code) in library.libraries or self._came_later(code):
                if _names(frame, name, forbidden):
                    return False
            elif id(code) not in library.python and id(code) not in self._passed:
                return True
            frame = frame.f_back
        return True

    def _came_later(self, code: CodeType) -> bool:
        """Say of code that is new whether it is, to the letter, that of a library's file."""
        path = code.co_filename
        if id(code) in self._library.python or not path.startswith(self._library.folders):
            return False
        if path not in self._later:
            self._later[path] = frozenset(_codes_of(path))
        return code in self._later[path]


def _names(frame: FrameType, name: str, forbidden: Any) -> bool:
    code, known = frame.f_code, frame.f_globals
    if any(known.get(one) is forbidden for one in code.co_names):
        return True
    if name not in code.co_names:
        return False
    # An import names what is not there yet.
    return code.co_name == "<module>" or any(
        names.get(name) is forbidden for names in _reachable(known, code.co_names)
    )


def _reachable(known: dict[str, Any], names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield what the modules hold that code with these names can reach by two dots."""
    for name in names:
        if isinstance(module := known.get(name), ModuleType):
            held = _names_of(module)
            yield held
            for inner in names:
                if isinstance(further := held.get(inner), ModuleType):
                    yield _names_of(further)


def _codes_of(path: str) -> Iterator[CodeType]:
    try:
        code = SourceFileLoader("of_a_library", path).get_code("of_a_library")
    except (ImportError, OSError, SyntaxError):
        return
    waiting = [code] if code is not None else []
    while waiting:
        found = waiting.pop()
        yield found
        waiting += [constant for constant in found.co_consts if type(constant) is CodeType]
