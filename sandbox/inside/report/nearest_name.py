"""The name that was probably meant where one was not found."""

import builtins
import difflib
import re
import sys
from types import FrameType, TracebackType
from typing import Any

_CANDIDATES = 3_000
_LONGEST = 80
_ALIKE = 0.7
# These say it in words only: they are raised by hand, in a module's `__getattr__` or by an import.
_OF_MODULE = re.compile(r"[Mm]odule '?([\w.]{1,120}?)'? has no attribute '(\w{1,80})'")
_OF_IMPORT = re.compile(r"cannot import name '(\w{1,80})' from '([\w.]{1,120})'")


def nearest_name(error: BaseException) -> str:
    """Of an AttributeError, ImportError or NameError: a name that is there and looks alike, or nothing."""
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
