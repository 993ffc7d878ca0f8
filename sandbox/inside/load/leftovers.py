"""What was copied along with code and is none: commands of notebooks, Markdown, prompts, typography.

The parser only says "invalid syntax" there. Each habit is told in one sentence, with what to do about it.
"""

import json
import re
import unicodedata
from collections.abc import Callable

_NOTEBOOK_LIMIT = 4_000_000
_MAGIC = re.compile(r"(%%?|!)\s?([A-Za-z_]\w{0,30})")
_INSTALL = re.compile(r"[%!]\s?(?:pip|pip3|conda|apt|apt-get|uv)\b")
_HELP = re.compile(r"\??\??[A-Za-z_][\w.]{0,80}\?{1,2}\s*$|\?{1,2}[A-Za-z_][\w.]{0,80}\s*$")
_CELL = re.compile(r"(?:In|Out)\s?\[\d*\]:")
_CONFLICT = re.compile(r"(?:<{7}|={7}|>{7})(?: |$)")
_QUOTES = "‘’‚‛“”„‟′″«»"
_DASHES = "‐‑‒–—−"
_CHARACTER = re.compile(r"invalid (?:non-printable )?character (?:'.' \()?U\+([0-9A-F]{4,6})")

_RULES: tuple[tuple[Callable[[str], object], str], ...] = (
    (
        _INSTALL.match,
        "this is a command of a notebook, no Python, and nothing can be installed here: leave the line out",
    ),
    (_MAGIC.match, "this is a command of a notebook, no Python: leave the line out"),
    (
        lambda line: line.startswith(("```", "~~~")),
        "this line marks code in Markdown and is no Python: leave it out, and any other like it",
    ),
    (
        lambda line: line.startswith((">>>", "... ")),
        "`>>>` and `...` are the prompts of a Python console: take them off in front of each line",
    ),
    (_CELL.match, "`In [1]:` is the prompt of a notebook: take it off in front of each cell"),
    (_HELP.match, "a question mark asks a notebook for help and is no Python: leave the line out"),
    (_CONFLICT.match, "git marks a merge conflict like this: keep one of the two texts and no mark"),
)


def is_notebook(code: str) -> bool:
    """Return whether the text is a whole file of Jupyter, which Python may well read as a dictionary."""
    if not code.lstrip().startswith("{") or '"cells"' not in code or len(code) > _NOTEBOOK_LIMIT:
        return False
    try:
        found = json.loads(code)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and "cells" in found


NOTEBOOK = "this is a whole notebook, an `.ipynb` file: copy the code out of its cells"


def leftover(code: str, error: SyntaxError) -> str:
    """Say what habit `error`, the parser's of `code`, comes from; empty where it is none of these."""
    if found := _character(error.msg or ""):
        return found
    lines = code.split("\n")
    place = (error.lineno or 0) - 1
    line = lines[place].strip() if 0 <= place < len(lines) else ""
    return next((said for is_one, said in _RULES if is_one(line)), "")


def _character(message: str) -> str:
    """Say what stands for a character that no Python has."""
    match = _CHARACTER.search(message)
    if match is None:
        return ""
    code = int(match[1], 16)
    char = chr(code) if code < 0x110000 else ""
    if char and char in _QUOTES:
        return f"{char} is a quote as word processors set it: write a straight one, ' or \""
    if char and char in _DASHES:
        return f"{char} is a dash as word processors set it: write the minus sign of the keyboard, -"
    if char == "…":
        return "… is one character: write three dots, ..."
    if char and unicodedata.category(char) in ("Zs", "Cf"):
        name = unicodedata.name(char, "no name").lower()
        return (
            f"here stands an invisible character (U+{match[1]}, {name}), as is copied from a web page: put "
            "an ordinary blank in its place, or nothing"
        )
    return ""
