"""Says of a use of a forbidden object whether it is the submission's own or a library's.

Nothing here is looked up in a module, nor in `builtins`, while it judges: whoever puts something else in the
place of a name there changes nothing.
"""

import marshal
from collections.abc import Callable, Iterator
from importlib.util import cache_from_source
from types import CodeType, FrameType, ModuleType
from typing import Any

import msgspec

from sandbox.inside.load.library_code import LibraryCode

_DEPTH = 3
"""So many modules may lie between a library's code and a name that it uses: `jax.numpy.linalg.norm`."""
_HEADER_BYTES = 16

Forbidden = tuple[str, frozenset[int], frozenset[tuple[int, str]], frozenset[int]]
"""The last part of the name; the `id`s of the object and of what lies beneath it; where it stands, by the
`id` of a module's names and one of these; the code whose closures hold it. A tuple: nobody can change it."""

_Look = Callable[[CodeType], bool]


class Judge(msgspec.Struct, frozen=True):
    """`is_submitted` says of a use that a frame makes whether it is the submission's.

    It walks outwards to whoever names the object. A library's frame that names it in its own code, or holds
    it since before anything was submitted, is its user. One that does not, such as `jax.tree.map`, only calls
    what it was handed, so whoever called it is asked in turn. Submitted code is whatever was not there
    before; a use that nobody names, as in a thread whose target it is, is the submission's too.

    `is_handed_on` says it of a call of an object of a forbidden class, whoever made it: a library's class
    that makes such objects calls them without naming the class, so that its other methods are users, too.

    `is_own` says whether a frame is one of submitted code, or of Python's own that it calls.
    """

    is_submitted: Callable[[FrameType | None, Forbidden], bool]
    is_handed_on: Callable[[FrameType | None, Forbidden], bool]
    is_own: Callable[[FrameType | None], bool]


def make_judge(library: LibraryCode, more_code: frozenset[int] = frozenset()) -> Judge:
    """Make a judge; `more_code` is a library's, too."""
    libraries, python, identity = library.libraries | more_code, library.python, id
    came_later, kin_later = _make_came_later(library)
    names, holds, kin = _make_names(library), _make_holds(), library.kin

    def stands_behind(frame: FrameType | None, forbidden: Forbidden, makers: Any) -> bool:
        while frame is not None:
            place = identity(frame.f_code)
            is_known = place in libraries
            if is_known or came_later(frame.f_code):
                if names(frame, not is_known, forbidden) or holds(frame, forbidden):
                    return False
                if makers is not None and (place in makers or kin_later(frame.f_code, forbidden[0])):
                    return False
            elif place not in python:
                return True
            frame = frame.f_back
        return True

    def is_submitted(frame: FrameType | None, forbidden: Forbidden) -> bool:
        return stands_behind(frame, forbidden, None)

    def is_handed_on(frame: FrameType | None, forbidden: Forbidden) -> bool:
        return stands_behind(frame, forbidden, kin.get(forbidden[0], ()))

    def is_own(frame: FrameType | None) -> bool:
        while frame is not None and identity(frame.f_code) in python:
            frame = frame.f_back
        if frame is None:
            return True
        return identity(frame.f_code) not in libraries and not came_later(frame.f_code)

    return Judge(is_submitted, is_handed_on, is_own)


def _make_came_later(library: LibraryCode) -> tuple[_Look, Callable[[CodeType, str], bool]]:
    python, folders, loaded, code_of = library.python, library.folders, library.loaded, _codes_of
    identity, kind, text = id, type, str
    # In a cell of its own, and replaced as a whole: nothing that is found can be changed.
    later: tuple[tuple[str, frozenset[CodeType]], ...] = ()

    def came_later(code: CodeType) -> bool:
        """Say of code that is new whether it is, to the letter, that of a library's file."""
        nonlocal later
        path = code.co_filename
        # A subclass of `str` could answer for itself.
        if identity(code) in python or kind(path) is not text or not path.startswith(folders):
            return False
        if path in loaded:
            return False
        for known, codes in later:
            if known == path:
                return code in codes
        codes = code_of(path)
        later = (*later, (path, codes))
        return code in codes

    def kin_later(code: CodeType, name: str) -> bool:
        """Say of code that is new whether it is a method of a library's class that names this."""
        if not came_later(code):
            return False
        owner = code.co_qualname.partition(".")[0]
        for path, codes in later:
            if path == code.co_filename:
                for one in codes:
                    if one.co_qualname.partition(".")[0] == owner and name in one.co_names:
                        return True
        return False

    return came_later, kin_later


def _make_names(library: LibraryCode) -> Callable[[FrameType, bool, Forbidden], bool]:
    # A guarded module answers otherwise.
    names_of: Callable[[Any], dict[str, Any]] = vars(ModuleType)["__dict__"].__get__
    identity, is_a, module_type, depth, there = id, isinstance, ModuleType, _DEPTH, library.names

    def reaches(known: dict[str, Any], used: tuple[str, ...], forbidden: Forbidden, left: int) -> bool:
        """Say whether code with these names can reach the object by way of modules."""
        for one in used:
            module = known.get(one)
            if is_a(module, module_type):
                held = names_of(module)
                if (identity(held), forbidden[0]) in forbidden[2]:
                    return True
                if left and reaches(held, used, forbidden, left - 1):
                    return True
        return False

    def names(frame: FrameType, is_later: bool, forbidden: Forbidden) -> bool:
        code, known = frame.f_code, frame.f_globals
        place, used = identity(known), code.co_names
        # Anybody may give it other names to find: of those that came later, its own word must be the name.
        if not is_later and place not in there:
            return False
        for one in used:
            if (place, one) in forbidden[2]:
                return True
        if forbidden[0] in used:
            if is_later and identity(known.get(forbidden[0])) in forbidden[1]:
                return True
            # An import names what is not there yet.
            return code.co_name == "<module>" or reaches(known, used, forbidden, depth - 1)
        return False

    return names


def _make_holds() -> Callable[[FrameType, Forbidden], bool]:
    identity = id

    def holds(frame: FrameType, forbidden: Forbidden) -> bool:
        if identity(frame.f_code) not in forbidden[3]:
            return False
        held = frame.f_locals
        for one in frame.f_code.co_freevars:  # noqa: SIM110 - `any` is looked up in a module
            if identity(held.get(one)) in forbidden[1]:
                return True
        return False

    return holds


def _make_codes_of() -> Callable[[str], frozenset[CodeType]]:
    """Make a function that reads a file's code as Python compiled it, or compiles it where it has not."""
    opened, compiled, loads, join = open, compile, marshal.loads, frozenset
    is_a, code_type, faults = isinstance, CodeType, (OSError, SyntaxError, ValueError, EOFError, TypeError)
    header, suffix = _HEADER_BYTES, _compiled_suffix()

    def read(path: str) -> bytes:
        with opened(path, "rb") as file:
            data: bytes = file.read()
            return data

    def codes_in(code: Any) -> Iterator[CodeType]:
        waiting = [code]
        while waiting:
            found = waiting.pop()
            if is_a(found, code_type):
                yield found
                waiting += found.co_consts

    def codes_of(path: str) -> frozenset[CodeType]:
        folder, _, name = path.rpartition("/")
        cached = f"{folder}/__pycache__/{name.removesuffix('.py')}{suffix}"
        try:
            return join(codes_in(loads(read(cached)[header:])))
        except faults:
            pass
        try:
            return join(codes_in(compiled(read(path), path, "exec", dont_inherit=True)))
        except faults:
            return join()

    return codes_of


def _compiled_suffix() -> str:
    return cache_from_source("/x.py").rpartition("/x")[2]


_codes_of = _make_codes_of()
