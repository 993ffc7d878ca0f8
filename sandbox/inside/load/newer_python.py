"""Syntax of a newer Python than the one that runs, told by its name where the parser only says "invalid".

A text that cannot be parsed is read by the newer rules, and what is newer is put as the older Python has it:
type parameters go, an f-string becomes an ordinary one once the expressions in it are parsed by themselves.
Only where the text can then be parsed, or fails further down, was the newer syntax what was wrong.
"""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

_STRING = re.compile(r"((?:[rR]?[bBfFtT]|[bBfFtT][rR]|[rRuU])?)('''|\"\"\"|'|\")")
_WORD = re.compile(r"[^\W\d]\w*|\d[\w.]*")
_TYPE_ALIAS = re.compile(r"type(?=[ \t]+[^\W\d]\w*[ \t]*(?:\[|=(?!=)))")
_BLANKS = re.compile(r"[ \t]*")
_OPENED = re.compile(r"(?:def|class)[ \t]+[^\W\d]\w*[ \t]*(?=\[)|[^\W\d]\w*[ \t]*(?=\[)")
_PARAMETERS = "leave out the type parameters in brackets"
_ALIAS = "leave out the word `type`"
_TEMPLATE = "there are no t-strings yet, write an f-string"
_EXCEPT = "put the exceptions in parentheses"
_QUOTES = "inside the braces of an f-string use other quotes than around it"
_BACKSLASH = "inside the braces of an f-string there can be no backslash"
_COMMENT = "inside the braces of an f-string there can be no comment"
_LINES = "the braces of an f-string must close on the line where they open"
_DEEPEST = 50
"""F-strings in f-strings: nobody writes more, and each is a call of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewerSyntax:
    """Something that a newer Python reads, on which line, and what to write in its place."""

    version: tuple[int, int]
    line: int
    advice: str

    @property
    def message(self) -> str:
        """Say what it is and what runs here."""
        major, minor = self.version
        here = ".".join(map(str, sys.version_info[:2]))
        return f"this is Python {major}.{minor}; here {here} runs: {self.advice}"


def newer_syntax(code: str, error: SyntaxError) -> NewerSyntax | None:
    """Return the newer syntax that `error`, the parser's of `code`, comes from; None for any other fault."""
    try:
        reader = _Reader(code)
        older = "".join(reader.rewritten())
        found = [one for one in reader.found if one.version > sys.version_info[:2]]
        wrong = _first_wrong_line(older)
    except (_NotRead, SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if not found or (wrong is not None and wrong <= found[0].line) or (error.lineno or 1) < found[0].line:
        return None
    return found[0]


class _NotRead(Exception):
    """By the newer rules it is wrong as well."""


def _first_wrong_line(code: str) -> int | None:
    try:
        ast.parse(code)
    except SyntaxError as error:
        return error.lineno or 1
    return None


@dataclass(slots=True)
class _Reader:
    """Reads a text by the newer rules, from `place` on; `found` has what is newer, in order."""

    text: str
    place: int = 0
    depth: int = 0
    found: list[NewerSyntax] = field(default_factory=list)

    def rewritten(self) -> Iterator[str]:
        """Yield the text piece by piece, as the older Python has it, on the same lines."""
        starts = True
        brackets = 0
        while self.place < len(self.text):
            char = self.text[self.place]
            if starts and brackets <= 0 and (statement := self._statement()) is not None:
                yield statement
            elif char == "#":
                yield self._take(self._end_of_line())
            elif char == "\\":
                yield self._take(self.place + 2)
            else:
                piece = self._piece()
                yield piece
                brackets += _nesting(piece)
                starts = piece in ("\n", ";", ":") or (starts and piece in (" ", "\t", "\f", "async"))

    def _take(self, end: int) -> str:
        taken, self.place = self.text[self.place : end], end
        return taken

    def _piece(self) -> str:
        """Read a string, rewritten where it is newer, a word or a single character."""
        if _STRING.match(self.text, self.place):
            return self._string()
        word = _WORD.match(self.text, self.place)
        return self._take(word.end() if word else self.place + 1)

    def _end_of_line(self) -> int:
        end = self.text.find("\n", self.place)
        return len(self.text) if end < 0 else end

    def _note(self, start: int, version: tuple[int, int], advice: str) -> None:
        line = self.text.count("\n", 0, start) + 1
        self.found.append(NewerSyntax(version=version, line=line, advice=advice))

    def _statement(self) -> str | None:
        """Rewrite the beginning of a statement that the older Python does not know; None for any other."""
        start = self.place
        if _TYPE_ALIAS.match(self.text, start):
            self._note(start, (3, 12), _ALIAS)
            self.place = _BLANKS.match(self.text, start + len("type")).end()  # type: ignore[union-attr]
            return self._without_parameters(start, noted=True)
        if re.compile(r"(?:def|class)[ \t]").match(self.text, start):
            return self._without_parameters(start, noted=False)
        if re.compile(r"except\b").match(self.text, start):
            return self._except()
        return None

    def _without_parameters(self, start: int, *, noted: bool) -> str:
        """Read up to a name and drop the type parameters behind it."""
        opened = _OPENED.match(self.text, self.place)
        if opened is None:
            word = _WORD.match(self.text, self.place)
            return self._take(word.end() if word else self.place + 1)
        kept = self._take(opened.end())
        inside = self._bracketed()
        newest = (3, 12)
        for parameter in _split(inside):
            ast.parse(f"def _({parameter}): pass")
            if ast.parse(f"def _({parameter}): pass").body[0].args.defaults:  # type: ignore[attr-defined]
                newest = (3, 13)
        if not noted or newest > (3, 12):
            self._note(start, newest, _PARAMETERS)
        return kept + _joined_lines(inside)

    def _bracketed(self) -> str:
        """Read from an opening bracket to the one that closes it, and return what is between them."""
        start, depth = self.place, 0
        while self.place < len(self.text):
            depth += _nesting(self._piece())
            if depth == 0:
                return self.text[start + 1 : self.place - 1]
        raise _NotRead

    def _except(self) -> str:
        """Put several exceptions into parentheses where they stand without."""
        start, head = self.place, re.compile(r"except[ \t]*\*?").match(self.text, self.place)
        assert head is not None
        kept = self._take(head.end())
        begin, depth = self.place, 0
        while depth > 0 or self.text[self.place : self.place + 1] not in (":", "\n", ""):
            if self.place >= len(self.text):
                raise _NotRead
            depth += _nesting(self._piece())
        inside = self.text[begin : self.place]
        parts = _split(inside)
        # Two, of which the second is no class by its looks, is how Python 2 named what it had caught.
        is_older = len(parts) == 2 and re.fullmatch(r"\s*[a-z_]\w*\s*", parts[1])
        if len(parts) < 2 or is_older or re.search(r"\bas\b", inside):
            return kept + inside
        self._note(start, (3, 14), _EXCEPT)
        return f"{kept} ({inside.strip()})"

    def _string(self) -> str:
        """Read a string, and rewrite it where it is one that only a newer Python can read."""
        start, opened = self.place, _STRING.match(self.text, self.place)
        assert opened is not None
        prefix, quotes = opened[1].lower(), opened[2]
        self.place = opened.end()
        if not set(prefix) & set("ft"):
            self._plain(quotes)
            return self.text[start : self.place]
        already = len(self.found)
        if "t" in prefix:
            self._note(start, (3, 14), _TEMPLATE)
        self._formatted(prefix, quotes, start)
        whole = self.text[start : self.place]
        return whole if len(self.found) == already else f'"""{chr(10) * whole.count(chr(10))}"""'

    def _plain(self, quotes: str) -> None:
        while not self.text.startswith(quotes, self.place):
            if self.place >= len(self.text) or (len(quotes) == 1 and self.text[self.place] == "\n"):
                raise _NotRead
            self.place += 1 + (self.text[self.place] == "\\")
        self.place += len(quotes)

    def _formatted(self, prefix: str, quotes: str, start: int) -> None:
        """Read what follows the opening quotes of an f-string, up to the closing ones."""
        self.depth += 1
        if self.depth > _DEEPEST:
            raise _NotRead
        while not self.text.startswith(quotes, self.place):
            char = self.text[self.place : self.place + 1]
            if not char or (len(quotes) == 1 and char == "\n"):
                raise _NotRead
            if char == "{" and not self.text.startswith("{{", self.place):
                self.place += 1
                self._field(quotes, start)
            elif char == "\\" and "r" not in prefix:
                self.place += 3 if self.text.startswith("N{", self.place + 1) else 2
            else:
                self.place += 2 if self.text[self.place : self.place + 2] in ("{{", "}}") else 1
        self.place += len(quotes)
        self.depth -= 1

    def _field(self, quotes: str, start: int) -> None:
        """Read an expression in braces with its conversion and format; note what the older Python refuses."""
        begin = self.place
        older = self._expression(quotes, start)
        text = older.rstrip()
        if text.endswith("=") and not text.endswith(("==", "!=", "<=", ">=")):
            text = text[:-1]
        if _first_wrong_line(f"({text}\n)") is not None or not text.strip():
            raise _NotRead
        self._compare_with_older(self.text[begin : self.place], quotes, start)
        if self.text.startswith("!", self.place):
            self.place += 2
        if self.text.startswith(":", self.place):
            self.place += 1
            while self.text[self.place : self.place + 1] not in ("}", ""):
                self.place += 1
                if self.text[self.place - 1] == "{":
                    self._field(quotes, start)
        if not self.text.startswith("}", self.place):
            raise _NotRead
        self.place += 1

    def _expression(self, quotes: str, start: int) -> str:
        """Read up to the end of an expression in braces, and return it as the older Python has it."""
        pieces: list[str] = []
        brackets = 0
        while self.place < len(self.text):
            char = self.text[self.place]
            ends = char in "}:" or (char == "!" and not self.text.startswith("!=", self.place))
            if brackets == 0 and ends:
                return "".join(pieces)
            if char == "#":
                self._note(start, (3, 12), _COMMENT)
                pieces.append(self._take(self._end_of_line()))
            else:
                pieces.append(self._piece())
                brackets += _nesting(pieces[-1])
        raise _NotRead

    def _compare_with_older(self, expression: str, quotes: str, start: int) -> None:
        for sign, advice in ((quotes, _QUOTES), ("\\", _BACKSLASH)):
            if sign in expression:
                self._note(start, (3, 12), advice)
        if "\n" in expression and len(quotes) == 1:
            self._note(start, (3, 12), _LINES)


def _nesting(piece: str) -> int:
    """Return by how much a piece opens or closes brackets."""
    return (piece in ("(", "[", "{")) - (piece in (")", "]", "}"))


def _split(inside: str) -> list[str]:
    """Part at the commas that stand outside of brackets; a last one parts nothing."""
    parts, depth, begin = [], 0, 0
    for place, char in enumerate(inside):
        depth += (char in "([{") - (char in ")]}")
        if char == "," and depth == 0:
            parts.append(inside[begin:place])
            begin = place + 1
    return [part for part in (*parts, inside[begin:]) if part.strip()]


def _joined_lines(text: str) -> str:
    """Return as many continued lines, so that what follows stays on its line."""
    return "\\\n" * text.count("\n")
