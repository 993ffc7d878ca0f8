"""Exceptions of the submitted code, cut to its own frames, with the name that was probably meant."""

import bdb
import builtins
import difflib
import errno
import linecache
import re
import sys
import traceback
from types import FrameType, TracebackType
from typing import Any

from sandbox.inside.submitted_text import FILE_NAME, plain_text
from sandbox.interface import Frame, Raised

_MESSAGE_LIMIT = 4_000
_NAME_LIMIT = 200
_LINE_LIMIT = 500
_FRAME_LIMIT = 20
_CANDIDATES = 3_000
_LONGEST = 80
_ALIKE = 0.7
# These say it in words only: they are raised by hand, in a module's `__getattr__` or by an import.
_OF_MODULE = re.compile(r"[Mm]odule '?([\w.]{1,120}?)'? has no attribute '(\w{1,80})'")
_CALLBACK = "CpuCallback error calling callback: Traceback"
_WAKES = re.compile(r"\b(?:breakpoint|set_trace)\s*\(")
_CALLBACK_LIMIT = 100_000
_CALLBACK_FRAME = re.compile(rf'  File "{re.escape(FILE_NAME)}", line (\d{{1,9}}), in (.{{1,200}})')
_OF_IMPORT = re.compile(r"cannot import name '(\w{1,80})' from '([\w.]{1,120})'")


def describe(error: BaseException) -> Raised:
    """Report type, message and the frames that lie in the submitted file, outermost first."""
    frames = [
        _frame(_line_of(error, number or 0, frame.f_code.co_firstlineno), frame.f_code.co_name)
        for frame, number in traceback.walk_tb(error.__traceback__)
        if frame.f_code.co_filename == FILE_NAME
    ]
    if not frames and isinstance(error, bdb.BdbQuit) and len(waking := _waking_lines()) == 1:
        frames = [_frame(waking[0], "")]  # It stopped where the function had returned.
    kind, message = type(error).__name__, _words(error)
    if _CALLBACK in message:
        frames, kind, message = _in_callback(message, frames) or (frames, kind, message)
    if len(frames) > _FRAME_LIMIT:
        frames = frames[: _FRAME_LIMIT // 2] + frames[-_FRAME_LIMIT // 2 :]
    return Raised(
        type=plain_text(kind, _NAME_LIMIT),
        message=plain_text(message, _MESSAGE_LIMIT),
        frames=tuple(frames),
        is_process_limit=_is_process_limit(error),
        nearest=plain_text(_nearest_name(error), _NAME_LIMIT),
    )


def _frame(number: int, function: str) -> Frame:
    return Frame(
        line=number,
        function=plain_text(function, _NAME_LIMIT),
        text=plain_text(linecache.getline(FILE_NAME, number).strip(), _LINE_LIMIT),
    )


def _line_of(error: BaseException, number: int, first: int) -> int:
    """Return the line to show; a debugger stops only at the one behind the call that wakes it."""
    if not isinstance(error, bdb.BdbQuit):
        return number
    waking = _waking_lines()
    above = [line for line in waking if first <= line <= number]
    return above[-1] if above and len(waking) > 1 else (waking or [number])[0]


def _waking_lines() -> list[int]:
    lines = linecache.getlines(FILE_NAME)
    return [number for number, line in enumerate(lines, start=1) if _WAKES.search(line)]


def _in_callback(text: str, outer: list[Frame]) -> tuple[list[Frame], str, str] | None:
    """Read from JAX's text what was raised in a callback: its frames, its type and its message.

    XLA hands on the words of the traceback alone, the sandbox's own frames and the library's among them.
    """
    lines = text[-_CALLBACK_LIMIT:].split("\n")
    places = [place for place, line in enumerate(lines) if line.startswith('  File "')]
    after = lines[places[-1] + 1 :] if places else []
    while after and after[0].startswith("    "):
        del after[0]  # The line's text.
    if not after or not after[0].strip():
        return None
    frames = [_frame(int(match[1]), match[2]) for line in lines if (match := _CALLBACK_FRAME.fullmatch(line))]
    kind, _, message = "\n".join(after).strip().partition(":")
    name = kind.rpartition(".")[2]
    return outer + frames if frames[: len(outer)] != outer else frames, name, message.removeprefix(" ")


def _is_process_limit(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno == errno.EAGAIN:
        return True
    return isinstance(error, RuntimeError) and "can't start new thread" in _message(error)


def _message(error: BaseException) -> str:
    return plain_text(_words(error), _MESSAGE_LIMIT)


def _words(error: BaseException) -> str:
    try:
        return str.__str__(str(error))  # Of a submitted subclass of `str`, the characters alone.
    except BaseException as second:  # A submitted __str__ can do anything.
        return f"(its message could not be read: {type(second).__name__})"


def _nearest_name(error: BaseException) -> str:
    """Return, for an AttributeError, ImportError or NameError, a name that is there and looks alike."""
    try:
        wanted, names = _looked_for(error)
        known = [name for name in names[:_CANDIDATES] if type(name) is str and len(name) <= _LONGEST]
        found = difflib.get_close_matches(wanted[:_LONGEST], known, n=1, cutoff=_ALIKE) if wanted else []
    except BaseException:  # A submitted `__dir__` can do anything.
        return ""
    return found[0] if found and found[0] != wanted else ""


def _looked_for(error: BaseException) -> tuple[str, list[str]]:
    if isinstance(error, NameError):
        return error.name or "", _visible(error.__traceback__)
    if isinstance(error, ImportError) and (match := _OF_IMPORT.match(str(error))):
        return match[1], dir(sys.modules.get(match[2]))
    if isinstance(error, AttributeError):
        if match := _OF_MODULE.match(str(error)):
            return match[2], _public(dir(sys.modules.get(match[1])))
        if error.name:
            return error.name, _public(dir(error.obj))
    return "", []


def _public(names: list[str]) -> list[str]:
    return [name for name in names if not name.startswith("_")]


def _visible(traceback: TracebackType | None) -> list[str]:
    frame: FrameType | None = None
    while traceback is not None:
        frame, traceback = traceback.tb_frame, traceback.tb_next
    if frame is None:
        return []
    everywhere: tuple[dict[str, Any], ...] = (frame.f_locals, frame.f_globals, vars(builtins))
    return [name for names in everywhere for name in names]
