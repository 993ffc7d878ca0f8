"""Markdown as statements use it: maths, highlighted code, figures and blocks; HTML in it is only shown."""

import re
from collections.abc import Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.token import Token
from mdit_py_plugins.anchors import anchors_plugin
from mdit_py_plugins.container import container_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from app.catalog.maths import mathml

BLOCKS = ("hint", "quiz", "recap")

_ASSET = re.compile(r"(?:\./)?assets/([A-Za-z0-9._-]+)")
_FORMATTER: HtmlFormatter[str] = HtmlFormatter(nowrap=True, classprefix="hl-")


def statement_markdown(slug: str) -> MarkdownIt:
    """Parses and renders one problem's texts; its figures are served under `/problems/{slug}/assets/`."""

    def figure(renderer: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
        return _figure(
            slug, tokens[index], renderer.renderInlineAsText(tokens[index].children or [], options, env)
        )

    md = MarkdownIt("commonmark", {"html": False, "typographer": True, "highlight": _code_block})
    md.enable(["table", "strikethrough", "replacements", "smartquotes"])
    # "$5 and $10" is money, and no dialect that people are used to reads "$ x $" as maths.
    md.use(dollarmath_plugin, renderer=_maths, allow_labels=False, allow_space=False, allow_digits=False)
    md.use(anchors_plugin, min_level=1, max_level=4)
    for name in BLOCKS:
        md.use(container_plugin, name)
    md.add_render_rule("image", figure)
    md.add_render_rule("table_open", _table_open)
    md.add_render_rule("table_close", _table_close)
    return md


def highlighted(code: str, language: str) -> str:
    """Escaped HTML with `hl-*` classes, lines as they were; plain where the language is unknown."""
    try:
        lexer = get_lexer_by_name(language or "text", stripnl=False, ensurenl=False)
    except ClassNotFound:
        return escapeHtml(code)
    return highlight(code, lexer, _FORMATTER)


def _code_block(code: str, language: str, _attributes: str) -> str:
    # tabindex lets the keyboard scroll a listing that is wider than the page.
    return f'<pre class="code" tabindex="0"><code>{highlighted(code, language)}</code></pre>\n'


def _maths(latex: str, options: dict[str, Any]) -> str:
    return mathml(latex, block=options["display_mode"])


def _figure(slug: str, token: Token, alt: str) -> str:
    asset = _ASSET.fullmatch(str(token.attrs.get("src", "")))
    if asset is None:
        # Pages load nothing from elsewhere, so a picture that is not in the package is only named.
        return f'<span class="missing-figure">{escapeHtml(alt)}</span>'
    source = f"/problems/{slug}/assets/{asset.group(1)}"
    caption = str(token.attrs.get("title", ""))
    shown = f'<span class="caption">{escapeHtml(caption)}</span>' if caption else ""
    return f'<span class="figure"><img src="{source}" alt="{escapeHtml(alt)}" loading="lazy">{shown}</span>'


def _table_open(renderer: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    return '<div class="wide" tabindex="0"><table>\n'


def _table_close(renderer: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    return "</table></div>\n"
