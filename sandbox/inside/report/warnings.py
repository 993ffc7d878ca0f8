"""Warnings that the submitted code causes, kept as notes."""

import re
import warnings
from types import TracebackType
from typing import TextIO

from sandbox.inside.submitted_text import FILE_NAME, calling_line, plain_text

_NOTE_LIMIT = 8
_LINE_LIMIT = 6
_TEXT_LIMIT = 300
_FADING = "still works, but is on its way out of Flax, which now writes"
_REPLACED = (
    (re.compile(r"'\.value' access"), f"`.value` {_FADING} `param[...]` or `param.get_value()`."),
    (re.compile(r"'\.value' setter"), f"`.value = x` {_FADING} `param[...] = x` or `param.set_value(x)`."),
    (re.compile(r"'\.raw_value' access"), f"`.raw_value` {_FADING} `param.get_raw_value()`."),
    (re.compile(r"'\.raw_value' setter"), f"`.raw_value = x` {_FADING} `param.set_raw_value(x)`."),
    (re.compile(r"'VariableState' was removed"), f"`nnx.VariableState` {_FADING} `nnx.Variable`."),
    (
        re.compile(r"Explicitly requested dtype \w{1,20} requested in \w{1,40} is not available"),
        "64 bits were asked for, and JAX is set to 32 here, as it is by default: the array has 32.",
    ),
)


class NoteKeeper:
    """While entered, warnings that point into the submitted file become notes; others are dropped.

    A deprecation that a library reports at its own line counts where submitted code called that line.
    """

    def __init__(self) -> None:
        self._lines: dict[str, list[int]] = {}
        self._reported: set[tuple[str, int]] = set()
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
        """Return the notes since the last time, one for each text with its lines; no line comes twice."""
        taken, self._lines = self._lines, {}
        return tuple(f"{_places(lines)}: {text}" for text, lines in taken.items())

    def _keep(
        self,
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if filename != FILE_NAME:
            if not issubclass(category, DeprecationWarning | FutureWarning):
                return
            lineno = calling_line(filename, lineno)
        text = _in_words(message)
        if lineno and (text, lineno) not in self._reported and (text in self._lines or self._has_capacity()):
            self._reported.add((text, lineno))
            if len(self._lines.setdefault(text, [])) < _LINE_LIMIT:
                self._lines[text].append(lineno)

    def _has_capacity(self) -> bool:
        return len(self._lines) < _NOTE_LIMIT and len(self._reported) < 10 * _NOTE_LIMIT


def _in_words(message: Warning | str) -> str:
    text = " ".join(str(message).split())
    for pattern, words in _REPLACED:
        if pattern.match(text):
            return words
    return plain_text(text, _TEXT_LIMIT)


def _places(lines: list[int]) -> str:
    if len(lines) == 1:
        return f"line {lines[0]}"
    return f"lines {', '.join(map(str, lines[:-1]))} and {lines[-1]}"
