"""Warnings that the submitted code causes, kept as notes."""

import warnings
from types import TracebackType
from typing import TextIO

from sandbox.inside.load_code import FILE_NAME
from sandbox.inside.plain_text import plain_text

_NOTE_LIMIT = 8


class NoteKeeper:
    """While entered, warnings that point into the submitted file become notes; others are dropped."""

    def __init__(self) -> None:
        self._notes: dict[str, None] = {}
        self._catcher = warnings.catch_warnings()

    def __enter__(self) -> None:
        self._catcher = warnings.catch_warnings()
        self._catcher.__enter__()
        warnings.simplefilter("always")
        warnings.showwarning = self._keep

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._catcher.__exit__(kind, error, tb)

    def take(self) -> tuple[str, ...]:
        """The notes so far; each is given once."""
        taken, self._notes = tuple(self._notes), {}
        return taken

    def _keep(
        self,
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if filename == FILE_NAME and len(self._notes) < _NOTE_LIMIT:
            self._notes[f"line {lineno}: {_first_line(message)}"] = None


def _first_line(message: Warning | str) -> str:
    return plain_text(str(message).strip().partition("\n")[0], 500)
