"""On which line each key of a TOML text stands, which `tomllib` knows and does not tell.

The text was read by `tomllib` before, so it is valid, and a scan of its keys is enough. A library that keeps
positions would be another parser with an opinion of its own of what is valid (tomlkit keeps blanks and
comments, and no lines).
"""

import contextlib
import json
import re
import tomllib
from bisect import bisect_right

Place = tuple[str | int, ...]
"""The way to a value: keys of tables, and places in lists from 0."""

_GAP = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_BLANKS = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_KEY = re.compile(rf"{_BARE_KEY.pattern}|\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'")
_STRING = re.compile(r"\"\"\"(?:[^\\]|\\.)*?\"{3,5}|'''.*?'{3,5}|\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'", re.DOTALL)
_PLAIN = re.compile(r"[^,\]}#\n]+")


class TomlLines:
    """The lines of one text, from 1."""

    def __init__(self, text: str) -> None:
        """Scan a text that `tomllib` takes; of any other the lines in front of what is wrong are known."""
        self._text = text.replace("\r\n", "\n")
        self._ends = [match.start() for match in re.finditer("\n", self._text)]
        self._lines: dict[Place, int] = {}
        self._counts: dict[Place, int] = {}
        self._at = 0
        with contextlib.suppress(_Lost, RecursionError):
            self._scan_document()

    def line_of(self, place: Place) -> int | None:
        """Return the line of a value's key, or where that is not there of what should hold it."""
        for length in range(len(place), 0, -1):
            if place[:length] in self._lines:
                return self._lines[place[:length]]
        return None

    def _scan_document(self) -> None:
        table: Place = ()
        while True:
            self._take(_GAP)
            if self._at >= len(self._text):
                return
            line = self._line()
            brackets = next((mark for mark in ("[[", "[") if self._text.startswith(mark, self._at)), "")
            self._at += len(brackets)
            keys = self._take_keys()
            if brackets:
                table = self._note_header(keys, line, is_list=brackets == "[[")
                self._at += len(brackets)
            else:
                self._take_value(self._note_keys(table, keys, line))

    def _note_header(self, keys: list[str], line: int, *, is_list: bool) -> Place:
        place: Place = ()
        for left, key in enumerate(keys, 1 - len(keys)):
            place = (*place, key)
            self._note(place, line)
            if is_list and left == 0:
                self._counts[place] = self._counts.get(place, 0) + 1
            if place in self._counts:
                place = (*place, self._counts[place] - 1)
                self._note(place, line)
        return place

    def _note_keys(self, table: Place, keys: list[str], line: int) -> Place:
        for key in keys:
            table = (*table, key)
            self._note(table, line)
        return table

    def _note(self, place: Place, line: int) -> None:
        self._lines.setdefault(place, line)

    def _take_keys(self) -> list[str]:
        keys = []
        while True:
            self._take(_BLANKS)
            keys.append(_plain_key(self._take(_KEY)))
            self._take(_BLANKS)
            if not self._text.startswith(".", self._at):
                return keys
            self._at += 1

    def _take_value(self, place: Place) -> None:
        """Go past `=` and the value behind it."""
        self._at += 1
        self._take(_BLANKS)
        self._take_content(place)

    def _take_content(self, place: Place) -> None:
        if self._text.startswith("[", self._at):
            self._take_list(place)
        elif self._text.startswith("{", self._at):
            self._take_table(place)
        elif self._text.startswith(('"', "'"), self._at):
            self._take(_STRING)
        else:
            self._take(_PLAIN)

    def _take_list(self, place: Place) -> None:
        index = 0
        while self._goes_on("]"):
            self._note((*place, index), self._line())
            self._take_content((*place, index))
            index += 1

    def _take_table(self, place: Place) -> None:
        while self._goes_on("}"):
            line = self._line()
            self._take_value(self._note_keys(place, self._take_keys(), line))

    def _goes_on(self, end: str) -> bool:
        """Go past a bracket or comma and what is blank; say whether another item stands there."""
        self._take(_GAP)
        if self._text.startswith(end, self._at):
            self._at += 1
            return False
        self._at += 1
        self._take(_GAP)
        if self._text.startswith(end, self._at):
            self._at += 1
            return False
        return True

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        if match is None:
            raise _Lost
        self._at = match.end()
        return match[0]

    def _line(self) -> int:
        return bisect_right(self._ends, self._at - 1) + 1


class _Lost(Exception):
    """The text is not what it was taken for."""


def key_text(place: Place) -> str:
    """Write the way to a value as an author does: `cases[2].arguments.x`."""
    text = ""
    for step in place:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            name = step if _BARE_KEY.fullmatch(step) else json.dumps(step, ensure_ascii=False)
            text += f".{name}" if text else name
    return text


def _plain_key(key: str) -> str:
    return next(iter(tomllib.loads(f"{key} = 0"))) if key[0] in "\"'" else key
