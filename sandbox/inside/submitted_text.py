"""How submitted code is recognised, by the file name of its frames, and how its words leave the jail."""

from collections.abc import Iterator
from inspect import currentframe
from types import FrameType

FILE_NAME = "solution.py"
"""What the submitted text is compiled as, so that its frames can be told from a library's."""


def plain_text(text: str, limit: int) -> str:
    """Cut to `limit` characters; lone surrogates, which UTF-8 cannot carry, become question marks."""
    cut = text if len(text) <= limit else text[: limit - 2] + " …"
    return cut.encode(errors="replace").decode()


def frames_from(frame: FrameType | None) -> Iterator[FrameType]:
    """Yield `frame` and those that called it, innermost first."""
    while frame is not None:
        yield frame
        frame = frame.f_back


def running_line() -> int | None:
    """Return the innermost line of the submitted code that is running; None where none is."""
    lines = (frame.f_lineno for frame in frames_from(currentframe()) if frame.f_code.co_filename == FILE_NAME)
    return next(lines, None)


def calling_line(filename: str, lineno: int) -> int:
    """Return the submitted line that directly called `lineno` of a library's file; 0 where none did."""
    for frame in frames_from(currentframe()):
        if frame.f_code.co_filename == filename and frame.f_lineno == lineno:
            caller = frame.f_back
            return caller.f_lineno if caller is not None and caller.f_code.co_filename == FILE_NAME else 0
    return 0
