"""Code in colours, as escaped HTML, in a time that grows with the text and no faster, whatever it says.

Pygments' rules look ahead as far as a text goes, and a text can have them do so from each of its characters:
64 KB of a string that is never closed took ten seconds. So Python is lexed line by line, and no rule sees
past the end of its line; a line that nobody reads anyway, and other languages beyond a small block, stay
plain.
"""

import re
import time
from collections.abc import Iterator

from markdown_it.common.utils import escapeHtml
from pygments import format as format_tokens
from pygments import lex
from pygments.formatters import HtmlFormatter
from pygments.lexer import ExtendedRegexLexer, LexerContext
from pygments.lexers import get_lexer_by_name
from pygments.lexers.python import PythonLexer
from pygments.token import Text, _TokenType
from pygments.util import ClassNotFound

LONGEST_LINE = 500
"""Characters of a line that still has colours."""
LONGEST_BLOCK = 4_000
"""Characters of a block in another language than Python that still has colours."""
_FORMATTER: HtmlFormatter[str] = HtmlFormatter(nowrap=True, classprefix="hl-")

# Not `splitlines`, which divides at form feeds and other signs that are part of a line.
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_PAUSE_EVERY = 500


class _Python(ExtendedRegexLexer, PythonLexer):
    """Pygments' rules for Python, which can be told where to stop and go on from there."""


def highlighted(code: str, language: str) -> str:
    """Colour code: escaped HTML with `hl-*` classes, lines as they were; plain for an unknown language."""
    if language in PythonLexer.aliases:
        return format_tokens(_python_tokens(code), _FORMATTER)
    try:
        lexer = get_lexer_by_name(language or "text", stripnl=False, ensurenl=False)
    except ClassNotFound:
        return escapeHtml(code)
    if len(code) > LONGEST_BLOCK or any(len(line) > LONGEST_LINE for line in code.split("\n")):
        return escapeHtml(code)
    return format_tokens(lex(code, lexer), _FORMATTER)


def code_listing(code: str, *, in_colours: bool = True) -> str:
    """Return Python as the items of a list, a line each, that can be linked to: `#line-1` is the first one.

    Every item is HTML by itself, and what stands behind the last newline is none.
    """
    # Pygments closes its spans at each line's end.
    lines = (highlighted(code, "python") if in_colours else escapeHtml(_one_newline(code))).split("\n")
    if not lines[-1]:
        lines.pop()
    return "".join(
        f'<li id="line-{number}"><code>{line}</code></li>\n' for number, line in enumerate(lines, start=1)
    )


def with_marked_line(listing: str, number: int) -> str:
    """Return what `code_listing` gave, with one line marked, for the eye and for a screen reader."""
    # No text can look like a tag: it was escaped.
    tag = f'<li id="line-{number}"'
    return listing.replace(f"{tag}>", f'{tag} class="marked" aria-label="Line {number}, marked">', 1)


def _one_newline(code: str) -> str:
    return code.replace("\r\n", "\n").replace("\r", "\n")


def _python_tokens(code: str) -> Iterator[tuple[_TokenType, str]]:
    """Yield each line's tokens; what a line leaves open, such as a string, the next one goes on with."""
    text = _one_newline(code)
    lexer, context, pause = _Python(), LexerContext(text, 0), 0
    for line in _LINE.findall(text):
        context.end = context.pos + len(line)
        if len(line) > LONGEST_LINE:
            yield Text, line
            context.pos = context.end
        for _, kind, value in lexer.get_tokens_unprocessed(None, context):
            yield kind, value
        if context.pos > pause:
            # Whoever else has work to do is let in here, and not a whole switch interval later.
            time.sleep(0)
            pause = context.pos + _PAUSE_EVERY
