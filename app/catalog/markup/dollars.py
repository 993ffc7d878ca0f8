"""Formulas in Markdown: `$…$` within a line, `$$…$$` on lines of its own or within one.

The rules of `mdit_py_plugins.dollarmath` take the last character of a text for the one before its first,
so that a formula at the start of an item, a cell or a heading is none where the item ends with a digit;
and no block of theirs ends a paragraph, so that a line of it that begins with a minus is an item.
"""

import re

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

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
    ends = ["paragraph", "reference", "blockquote", "list"]
    md.block.ruler.before("fence", BLOCK, _on_lines_of_its_own, {"alt": ends})


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


def _on_lines_of_its_own(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    first = _text_of(state, start_line)
    if not first.startswith("$$") or state.is_code_block(start_line):
        return False
    last_line = _last_line(state, start_line, end_line, first.rstrip())
    if last_line is None:
        return False
    if silent:
        return True
    marks = [
        state.bMarks[start_line] + state.tShift[start_line] + 2,
        *state.bMarks[start_line + 1 : last_line + 1],
    ]
    lines = [state.src[mark:end] for mark, end in zip(marks, state.eMarks[start_line:], strict=False)]
    lines[-1] = lines[-1].rstrip().removesuffix("$$")
    token = state.push(BLOCK, "math", 0)
    token.block = True
    token.content = "\n".join(lines)
    token.markup = "$$"
    token.map = [start_line, last_line + 1]
    state.line = last_line + 1
    return True


def _last_line(state: StateBlock, start_line: int, end_line: int, first: str) -> int | None:
    if "$$" in first[2:]:
        return start_line if first.endswith("$$") and len(first) > len("$$$$") else None
    # Each line of a paragraph may begin one, and none is looked at twice.
    without_end: dict[int, int] = state.env.setdefault("no_formula_ends_before", {})
    if start_line < without_end.get(end_line, 0):
        return None
    line = start_line + 1
    while line < end_line and (text := _text_of(state, line).rstrip()):
        if state.sCount[line] < state.blkIndent:
            break
        if text.endswith("$$"):
            return line
        line += 1
    without_end[end_line] = line
    return None


def _text_of(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]
