"""The audit hook that notes each use of a forbidden object in memory that the supervisor reads.

Python keeps audit hooks where no code finds them, and takes none away again. This one, and all that it works
with, is hidden from the garbage collector, looks nothing up in a module or in `builtins`, and is in no frame
but while it runs. It raises nothing: a traceback would lead to it.
"""

import ctypes
import sys
from collections.abc import Callable, Sequence
from types import CellType, CodeType, FrameType, FunctionType
from typing import Any

from sandbox.inside import libc
from sandbox.inside.load.who_asks import Forbidden, Judge
from sandbox.inside.submitted_text import FILE_NAME
from sandbox.protocol import FORBIDDEN_USE

EVENT = "jaxercise.use"

CERTAIN, RUN, FIRST_ARGUMENT, INSTANCE, CALLED = range(5)
"""What makes an event a use: it alone; that it was raised by code of the object; that the first argument is
the object, or an instance of it that is made; or one that is called."""

Watch = tuple[int, int, Forbidden, type | None]
"""The number of the name, what makes it a use, the object, and the object again where it is a class."""

_Hook = Callable[[str, tuple[Any, ...]], None]
_IsUse = Callable[[Watch, FrameType, tuple[Any, ...]], bool]
_IsTampering = Callable[[str, tuple[Any, ...], FrameType], bool]

Body = tuple[tuple[str, ...], tuple[str, ...]]
"""By what a function's text is known again, wherever it stands: the names that it looks up, and its own. Its
bytes differ by what else the file imports."""


def add_hook(
    page: "ctypes.Array[ctypes.c_char]",
    judge: Judge,
    watches: Sequence[Sequence[Watch]],
    *,
    changed: frozenset[int],
    copied: frozenset[tuple[str, str]],
    files: frozenset[str],
    bodies: frozenset[Body],
) -> None:
    """Note from here on what `watches` says, by the number of an event.

    Also noted is that code is put in the place of that of a function in `changed`, that a copy is made of
    code with a file and a name in `copied`, and that one of `files` is executed again, or made a function
    that can be called for it: nobody does so but to get past. So it is with a text that submitted code puts
    together and has executed, where a function in it is one of `bodies`.
    """
    hook = _make_hook(
        _make_note(page),
        _make_is_use(judge),
        _make_is_tampering(changed, copied, files, _make_repeats(judge, bodies)),
        tuple(tuple(group) for group in watches),
    )
    _hide(hook)
    sys.addaudithook(hook)


def _make_note(page: "ctypes.Array[ctypes.c_char]") -> Callable[[int], None]:
    get_frame, kind, text, file_name = sys._getframe, type, str, FILE_NAME  # noqa: SLF001
    write, read = FORBIDDEN_USE.pack_into, FORBIDDEN_USE.unpack_from

    def note(number: int) -> None:
        """Note the first use, and the line of the submitted code that is running."""
        if read(page)[0]:
            return
        frame: FrameType | None = get_frame(1)
        line = 0
        while frame is not None:
            if kind(frame.f_code.co_filename) is text and frame.f_code.co_filename == file_name:
                line = frame.f_lineno or 0
                break
            frame = frame.f_back
        write(page, 0, number + 1, line)

    return note


def _make_is_use(judge: Judge) -> _IsUse:
    is_submitted, is_handed_on = judge.is_submitted, judge.is_handed_on
    identity, kind, count = id, type, len
    certain, run, first_argument, instance = CERTAIN, RUN, FIRST_ARGUMENT, INSTANCE
    ancestors: Callable[[type], tuple[type, ...]] = vars(type)["__mro__"].__get__

    def is_use(watch: Watch, frame: FrameType, given: tuple[Any, ...]) -> bool:
        _, how, forbidden, owner = watch
        if how == certain:
            return True
        if how == run:
            return is_submitted(frame.f_back, forbidden)
        if count(given) < 2:
            return False
        if how == first_argument:
            return identity(given[1]) in forbidden[1] and is_submitted(frame.f_back, forbidden)
        if owner not in ancestors(kind(given[1])):
            return False
        asks = is_submitted if how == instance else is_handed_on
        return asks(frame.f_back, forbidden)

    return is_use


def _make_repeats(judge: Judge, bodies: frozenset[Body]) -> Callable[[CodeType, FrameType], bool]:
    kind, code_type, is_own = type, CodeType, judge.is_own

    def repeats(code: CodeType, frame: FrameType) -> bool:
        """Say whether submitted code has a code executed that holds one of the bodies."""
        if not is_own(frame):
            return False  # The submission itself, which a learner may have written in the same words.
        waiting: list[Any] = [code]
        for one in waiting:  # It grows meanwhile.
            if kind(one) is code_type:
                if (one.co_names, one.co_varnames) in bodies:
                    return True
                waiting += one.co_consts
        return False

    return repeats


def _make_is_tampering(
    changed: frozenset[int],
    copied: frozenset[tuple[str, str]],
    files: frozenset[str],
    repeats: Callable[[CodeType, FrameType], bool],
) -> _IsTampering:
    identity, kind, count, text, code_type = id, type, len, str, CodeType

    def is_tampering(event: str, given: tuple[Any, ...], frame: FrameType) -> bool:
        if event == "object.__setattr__":
            return count(given) > 1 and identity(given[0]) in changed
        if event == "code.__new__" and count(given) > 2:
            named = given[1], given[2]
            return kind(named[0]) is text and kind(named[1]) is text and named in copied
        if (event == "exec" or event == "function.__new__") and count(given) and kind(given[0]) is code_type:
            path = given[0].co_filename
            if given[0].co_name == "<module>" and kind(path) is text and path in files:
                return True
            return repeats(given[0], frame)
        return False

    return is_tampering


def _make_hook(
    note: Callable[[int], None],
    is_use: _IsUse,
    is_tampering: _IsTampering,
    watches: tuple[tuple[Watch, ...], ...],
) -> _Hook:
    get_frame, kind, count, whole = sys._getframe, type, len, int  # noqa: SLF001
    everything, event_of_ours = BaseException, EVENT

    def hook(event: str, given: tuple[Any, ...]) -> None:
        try:
            if event != event_of_ours:
                if is_tampering(event, given, get_frame(1)):
                    note(0)
            elif count(given) and kind(given[0]) is whole and 0 <= given[0] < count(watches):
                frame = get_frame(1)
                for watch in watches[given[0]]:
                    if is_use(watch, frame, given):
                        note(watch[0])
        except everything:
            return

    return hook


def _hide(function: Callable[..., Any]) -> None:
    """Keep a function from the collector's list, and the functions and the page that it works with."""
    waiting: list[object] = [function]
    hidden: set[int] = set()
    while waiting:
        found = waiting.pop()
        if id(found) in hidden:
            continue
        hidden.add(id(found))
        libc.hide_from_collector(found)
        if isinstance(found, FunctionType):
            waiting += [found.__closure__] if found.__closure__ else []
        elif isinstance(found, tuple):
            waiting += [one for one in found if isinstance(one, CellType)]
        elif isinstance(found, CellType):
            content = found.cell_contents
            waiting += [content] if isinstance(content, FunctionType | ctypes.Array) else []
