"""Exceptions of the submitted code, cut to its own frames."""

import errno
import linecache
import traceback

from sandbox.inside.load.code import FILE_NAME
from sandbox.inside.report.nearest_name import nearest_name
from sandbox.inside.report.plain_text import plain_text
from sandbox.interface import Frame, Raised

_MESSAGE_LIMIT = 4_000
_NAME_LIMIT = 200
_LINE_LIMIT = 500
_FRAME_LIMIT = 20


def describe(error: BaseException) -> Raised:
    """Type, message and the frames that lie in the submitted file, outermost first."""
    frames = [
        Frame(
            line=number or 0,
            function=plain_text(frame.f_code.co_name, _NAME_LIMIT),
            text=plain_text(linecache.getline(FILE_NAME, number or 0).strip(), _LINE_LIMIT),
        )
        for frame, number in traceback.walk_tb(error.__traceback__)
        if frame.f_code.co_filename == FILE_NAME
    ]
    if len(frames) > _FRAME_LIMIT:
        frames = frames[: _FRAME_LIMIT // 2] + frames[-_FRAME_LIMIT // 2 :]
    return Raised(
        type=plain_text(type(error).__name__, _NAME_LIMIT),
        message=_message(error),
        frames=tuple(frames),
        is_process_limit=_is_process_limit(error),
        nearest=plain_text(nearest_name(error), _NAME_LIMIT),
    )


def _is_process_limit(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno == errno.EAGAIN:
        return True
    return isinstance(error, RuntimeError) and "can't start new thread" in _message(error)


def _message(error: BaseException) -> str:
    try:
        return plain_text(str(error), _MESSAGE_LIMIT)
    except BaseException as second:  # A submitted __str__ can do anything.
        return plain_text(f"(its message could not be read: {type(second).__name__})", _MESSAGE_LIMIT)
