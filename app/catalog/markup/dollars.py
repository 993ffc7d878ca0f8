"""Formulas in Markdown: `$…$` within a line, `$$…$$` as a line of its own, wherever it begins.

The rules that look for blocks are those of `mdit_py_plugins.dollarmath`. What it looks for within a line
takes the last character of a text for the one before its first, so a formula at the start of an item, a
cell or a heading was none where the item ended with a digit.
"""

import re
from collections.abc import Callable

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from mdit_py_plugins.dollarmath.index import math_block_dollar

INLINE = "math_inline"
DISPLAYED = "math_displayed"
BLOCK = "math_block"
FORMULAS = (INLINE, DISPLAYED, BLOCK)
"""Kinds of tokens whose content is LaTeX."""

_CLOSING = {
    "$": re.compile(r"(?:\\.|[^\\$])+(\$)", re.DOTALL),
    "$$": re.compile(r"(?:\\.|\$(?!\$)|[^\\$])+(\$\$)", re.DOTALL),
}


def dollar_formulas(md: MarkdownIt) -> None:
    """Have `md` find formulas; who uses it says how their tokens are rendered."""
    md.inline.ruler.before("escape", INLINE, _within_a_line)
    block = math_block_dollar(allow_labels=False, allow_blank_lines=False)
    md.block.ruler.before(
        "fence", BLOCK, _asked_or_taken(block), {"alt": ["paragraph", "reference", "blockquote", "list"]}
    )


def _within_a_line(state: StateInline, silent: bool) -> bool:
    text, start = state.src, state.pos
    if text[start] != "$":
        return False
    markup = "$$" if text.startswith("$$", start) else "$"
    found = _CLOSING[markup].match(text, start + len(markup), state.posMax)
    if found is None:
        return False
    content = text[start + len(markup) : found.start(1)]
    if markup == "$" and _is_money(text, start, found.end()):
        return False
    if not silent:
        token = state.push(INLINE if markup == "$" else DISPLAYED, "math", 0)
        token.content = content
        token.markup = markup
        token.meta["span"] = (start, found.end())
    state.pos = found.end()
    return True


def _is_money(text: str, start: int, end: int) -> bool:
    """Tell "$5 and $10" from a formula; and no dialect that people are used to reads "$ x $" as one."""
    spaced = text[start + 1].isspace() or text[end - 2].isspace()
    return spaced or text[:start][-1:].isdigit() or text[end : end + 1].isdigit()


def _asked_or_taken(
    rule: Callable[[StateBlock, int, int, bool], bool],
) -> Callable[[StateBlock, int, int, bool], bool]:
    """Let a block of maths end a paragraph: where that is asked, the rule must leave no trace."""

    def asked_or_taken(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
        count, line = len(state.tokens), state.line
        found = rule(state, start_line, end_line, False)
        if silent and found:
            del state.tokens[count:]
            state.line = line
        return found

    return asked_or_taken
