"""Markdown as statements use it: maths, highlighted code, figures and blocks; HTML in it is only shown.

What is typed stays as it is typed: `(c)`, quotes and dashes stand next to code, and mean themselves.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline, backtick, image, link
from markdown_it.token import Token
from mdit_py_plugins.anchors import anchors_plugin
from mdit_py_plugins.anchors.index import slugify
from mdit_py_plugins.container import container_plugin

from app.catalog.faults import BrokenPackage, PackageFault
from app.catalog.highlighting import highlighted
from app.catalog.markup.dollars import BLOCK, DISPLAYED, INLINE, dollar_formulas
from app.catalog.markup.figures import served_address
from app.catalog.markup.in_words import in_words
from app.catalog.markup.mathml import FormulaFault, Formulas

BLOCKS = ("hint", "quiz", "recap")
PARAGRAPH_LIMIT = 8_000
"""Characters of a paragraph, or of another piece of text that no blank line divides."""
HEADINGS_LIMIT = 300

_COLUMN = re.compile(r"text-align:(left|center|right)")
_MARKED_RULES = {"image": image, "link": link, "backticks": backtick}


def statement_markdown(slug: str) -> MarkdownIt:
    """Make what parses and renders one problem's texts, in their order.

    Its figures are served under `/problems/{slug}/assets/`. A token within a line knows where it was
    found: `meta["span"]` are its first character and the one after its last, in the line's own text.
    """
    formulas = Formulas()

    def formula(renderer: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
        return _formula(formulas, tokens[index])

    def figure(renderer: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
        return _figure(slug, tokens[index])

    def link_open(renderer: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
        token = tokens[index]
        token.attrs["href"] = served_address(slug, str(token.attrs["href"])) or token.attrs["href"]
        return str(renderer.renderToken(tokens, index, options, env))

    md = MarkdownIt("commonmark", {"html": False, "highlight": _code_block})
    md.enable(["table", "strikethrough"])
    md.use(dollar_formulas)
    for name, rule in _MARKED_RULES.items():
        md.inline.ruler.at(name, _marked(rule))
    md.use(
        anchors_plugin, min_level=1, max_level=4, slug_func=lambda title: slugify(title.strip()) or "section"
    )
    md.core.ruler.after("block", "bounds", _check_bounds)
    md.core.ruler.after("block", "columns", _align_by_classes)
    for name in BLOCKS:
        md.use(container_plugin, name)
    for kind in (INLINE, DISPLAYED, BLOCK):
        md.add_render_rule(kind, formula)
    md.add_render_rule("image", figure)
    md.add_render_rule("link_open", link_open)
    md.add_render_rule("table_open", _table_open)
    md.add_render_rule("table_close", _table_close)
    return md


def plain_text(tokens: Sequence[Token]) -> str:
    """Return what the tokens within a line say where only text can stand: formulas in words."""
    return "".join(map(_plain, tokens))


def _plain(token: Token) -> str:
    if token.type in (INLINE, DISPLAYED):
        found = Formulas().read(token.content, block=False)
        return token.content if isinstance(found, FormulaFault) else in_words(found)
    if token.type in ("softbreak", "hardbreak"):
        return " "
    return plain_text(token.children) if token.children else token.content


def _marked(rule: Callable[[StateInline, bool], bool]) -> Callable[[StateInline, bool], bool]:
    """Have the tokens of a rule say where they were found."""

    def marked(state: StateInline, silent: bool) -> bool:
        count, start = len(state.tokens), state.pos
        found = rule(state, silent)
        for token in state.tokens[count:]:
            token.meta.setdefault("span", (start, state.pos))
        return found

    return marked


def _check_bounds(state: StateCore) -> None:
    """Refuse what the rules that follow take quadratic time for.

    Raises:
        BrokenPackage: a paragraph is too long, or there are too many headings.
    """
    headings = [token for token in state.tokens if token.type == "heading_open"]
    faults = [
        _fault(
            token,
            f"the paragraph has {len(token.content):,} characters; at most {PARAGRAPH_LIMIT:,} are allowed",
        )
        for token in state.tokens
        if token.type == "inline" and len(token.content) > PARAGRAPH_LIMIT
    ]
    if len(headings) > HEADINGS_LIMIT:
        reason = f"there are {len(headings):,} headings; at most {HEADINGS_LIMIT} are allowed"
        faults.append(_fault(headings[HEADINGS_LIMIT], reason))
    if faults:
        raise BrokenPackage(faults)


def _fault(token: Token, reason: str) -> PackageFault:
    return PackageFault(file="statement.md", line=token.map[0] + 1 if token.map else None, reason=reason)


def _align_by_classes(state: StateCore) -> None:
    """Write a column's alignment as a class: the content security policy forbids a style."""
    for token in state.tokens:
        if token.type in ("th_open", "td_open") and (
            column := _COLUMN.fullmatch(str(token.attrs.pop("style", "")))
        ):
            token.attrJoin("class", f"column-{column[1]}")


def _code_block(code: str, language: str, _attributes: str) -> str:
    # tabindex lets the keyboard scroll a listing that is wider than the page.
    return f'<pre class="code" tabindex="0"><code>{highlighted(code, language)}</code></pre>\n'


def _formula(formulas: Formulas, token: Token) -> str:
    if token.type == INLINE:
        return f'<span class="math inline">{formulas.shown(token.content, block=False)}</span>'
    shown = formulas.shown(token.content, block=True)
    if token.type == DISPLAYED:  # Within a paragraph, where no `<div>` can stand.
        return f'<span class="math block">{shown}</span>'
    return f'<div class="math block">\n{shown}\n</div>\n'


def _figure(slug: str, token: Token) -> str:
    alt = escapeHtml(plain_text(token.children or []))
    source = served_address(slug, str(token.attrs.get("src", "")))
    if source is None:
        # Pages load nothing from elsewhere, so a picture that is not in the package is only named.
        return f'<span class="missing-figure">{alt}</span>'
    caption = str(token.attrs.get("title", ""))
    shown = f'<span class="caption">{escapeHtml(caption)}</span>' if caption else ""
    return f'<span class="figure"><img src="{escapeHtml(source)}" alt="{alt}" loading="lazy">{shown}</span>'


def _table_open(renderer: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    return '<div class="wide" tabindex="0"><table>\n'


def _table_close(renderer: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    return "</table></div>\n"
