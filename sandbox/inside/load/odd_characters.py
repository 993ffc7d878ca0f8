"""Characters that no Python has, as word processors, web pages and keyboards of elsewhere put into code."""

import re
import unicodedata

_MESSAGE = re.compile(r"invalid (?:non-printable )?character (?:'.' \()?U\+([0-9A-F]{4,6})", re.DOTALL)
_QUOTES = frozenset("‘’‚‛“”„‟′″‴‵‶«»‹›❛❜❝❞〝〞〟「」『』´＂＇")
_DASHES = frozenset("‐‑‒–—―−﹘﹣－⁃")
_SIGNS = {
    "×": "*",
    "⋅": "*",
    "·": "*",
    "∗": "*",
    "•": "*",
    "÷": "/",
    "∕": "/",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "→": "->",
    "⇒": "->",
    "²": "**2",
    "³": "**3",
    "¬": "not",
    "∧": "and",
    "∨": "or",
    "∈": "in",
    "∞": "jnp.inf",
    "…": "...",
    "、": ",",
    "。": ".",
    "【": "[",
    "】": "]",
    "〜": "~",
    ";": ";",
}
# The parser speaks of something else there: it has read up to such a character, or over it.
_OVERLOOKED = (
    ("unterminated string literal", re.compile(rf"([{''.join(_QUOTES)}])[\s)\]}},:;]*(?:#.*)?$")),
    ("invalid decimal literal", re.compile(rf"\d[eE]([{''.join(_DASHES)}])\d")),
    ("unexpected character after line continuation", re.compile(r"\\([^ -~])")),
)
_BYTE_ORDER_MARK = "\ufeff"
_MARK_IN_LATIN_1 = "ï»¿"
_LOST = "\ufffd"
_UNSEEN = frozenset(("Zs", "Zl", "Zp", "Cf", "Cc", "Co", "Cn", "Mn"))
_LOOK_EMPTY = frozenset("\u2800\u3164\u115f\u1160\uffa0\ufffc")
_NAMES = {
    "\x0b": "vertical tab",
    "\x0c": "form feed",
    "\x1a": "substitute",
    "\x1b": "escape",
    "\x7f": "delete",
    "\x85": "next line",
}


def odd_character(message: str, line: str) -> str:
    """Say what stands for the character that the parser's `message` is about, or that `line` begins with.

    Empty where it is none of these.
    """
    if line.startswith(_MARK_IN_LATIN_1):
        return (
            f"{_MARK_IN_LATIN_1} is a byte-order mark that was read in another encoding: delete it, and save "
            "the file as UTF-8"
        )
    match = _MESSAGE.search(message)
    if match is None:
        blanks = line[: len(line) - len(line.lstrip())]
        # Python counts the indentation anew behind a form feed, and then misses a block.
        if "\x0c" in blanks and "indent" in message:
            return _unseen("\x0c")
        char = _overlooked(message, line)
        return _said_of(char) if char else ""
    return _said_of(chr(min(int(match[1], 16), 0x10FFFF)))


def _overlooked(message: str, line: str) -> str:
    """Return the character that is wrong where the message is not about it; empty for none."""
    found = (pattern.search(line) for words, pattern in _OVERLOOKED if words in message)
    return next((match[1] for match in found if match), "")


def _said_of(char: str) -> str:
    if char in _QUOTES:
        return f"{char} is a quote as word processors set it: write a straight one, ' or \""
    if char in _DASHES:
        return f"{char} is a dash as word processors set it: write the minus sign of the keyboard, -"
    if char == "…":
        return "… is one character: write three dots, ..."
    if char in _SIGNS:
        return f"{char} is a sign that Python does not have: write {_SIGNS[char]}"
    if char == _LOST:
        return (
            f"{_LOST} stands where a character was lost, as happens when a text is read in another encoding: "
            "write it anew, and save the file as UTF-8"
        )
    plain = unicodedata.normalize("NFKC", char)
    if len(plain) == 1 and "!" <= plain <= "~":
        return (
            f"{char} is the wide form of {plain}, as keyboards of East Asia give it: write the plain {plain}"
        )
    is_unseen = unicodedata.category(char) in _UNSEEN or char in _LOOK_EMPTY
    return _unseen(char) if is_unseen else ""


def _unseen(char: str) -> str:
    code = f"U+{ord(char):04X}"
    if char == _BYTE_ORDER_MARK:
        return (
            f"here stands an invisible byte-order mark ({code}), as is left over where files are joined: "
            "delete it"
        )
    unnamed = "control character" if unicodedata.category(char) == "Cc" else "a character without a name"
    name = _NAMES.get(char) or unicodedata.name(char, unnamed).lower()
    return (
        f"here stands an invisible character ({code}, {name}), as is copied from a web page or a document: "
        "put an ordinary blank in its place, or nothing"
    )
