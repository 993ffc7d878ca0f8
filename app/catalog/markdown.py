"""Markdown as statements use it: maths, highlighted code, figures and blocks; HTML in it is only shown.

LaTeX becomes MathML here, safe to put into a page.
"""

import re
from collections.abc import Sequence
from typing import Any
from xml.etree.ElementTree import Element, tostring

from latex2mathml.converter import Converter
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from mdit_py_plugins.anchors import anchors_plugin
from mdit_py_plugins.container import container_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin

from app.catalog.highlighting import highlighted
from app.errors import ProblemError

BLOCKS = ("hint", "quiz", "recap")
PARAGRAPH_LIMIT = 8_000
"""Characters of a paragraph, or of another piece of text that no blank line divides."""
HEADINGS_LIMIT = 300

_ASSET = re.compile(r"(?:\./)?assets/([A-Za-z0-9._-]+)")
_REFERENCE = re.compile(r"&#x([0-9A-Fa-f]{1,6});")
_ALIGNED = re.compile(r"\\(begin|end)\{aligned\}")
_UNSAFE = re.compile(r"(?:on.*|href|xlink.*|style|class|id|src)", re.IGNORECASE)


def statement_markdown(slug: str) -> MarkdownIt:
    """Make what parses and renders one problem's texts.

    Its figures are served under `/problems/{slug}/assets/`.
    """

    def figure(renderer: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
        return _figure(
            slug, tokens[index], renderer.renderInlineAsText(tokens[index].children or [], options, env)
        )

    md = MarkdownIt("commonmark", {"html": False, "typographer": True, "highlight": _code_block})
    md.enable(["table", "strikethrough", "replacements", "smartquotes"])
    # "$5 and $10" is money, and no dialect that people are used to reads "$ x $" as maths.
    md.use(dollarmath_plugin, renderer=_maths, allow_labels=False, allow_space=False, allow_digits=False)
    md.use(anchors_plugin, min_level=1, max_level=4)
    md.core.ruler.after("block", "bounds", _check_bounds)
    for name in BLOCKS:
        md.use(container_plugin, name)
    md.add_render_rule("image", figure)
    md.add_render_rule("table_open", _table_open)
    md.add_render_rule("table_close", _table_close)
    return md


def _check_bounds(state: StateCore) -> None:
    """Refuse what the rules that follow take quadratic time for.

    Raises:
        ProblemError: a paragraph is too long, or there are too many headings.
    """
    headings = sum(token.type == "heading_open" for token in state.tokens)
    if headings > HEADINGS_LIMIT:
        raise ProblemError(
            f"statement.md: there are {headings:,} headings; at most {HEADINGS_LIMIT} are allowed"
        )
    for token in state.tokens:
        if token.type == "inline" and len(token.content) > PARAGRAPH_LIMIT:
            line = f" at line {token.map[0] + 1}" if token.map else ""
            raise ProblemError(
                f"statement.md: the paragraph{line} has {len(token.content):,} characters; "
                f"at most {PARAGRAPH_LIMIT:,} are allowed"
            )


def mathml(latex: str, *, block: bool) -> str:
    r"""Turn LaTeX into a `<math>` element; what cannot be read stays visible as it was typed.

    latex2mathml's own serialisation undoes the escaping of `<` in `\text{…}`, so the element
    is serialised here; attributes that could carry a link or a style are dropped.
    """
    try:
        # `aligned` is what most people type; the converter knows it by its other name.
        source = _ALIGNED.sub(r"\\\1{align*}", latex)
        root = Converter(display="block" if block else "inline").convert_to_element(source)
        for element in root.iter():
            _clean(element)
            _join_upright_letters(element)
        return tostring(root, encoding="unicode")
    except Exception:  # IndexError, KeyError, RecursionError and the converter's own classes
        return f'<code class="maths-source">{escapeHtml(latex)}</code>'


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


def _clean(element: Element) -> None:
    if element.text:
        element.text = _REFERENCE.sub(_character, element.text)
        if element.tag == "mtext":
            element.text = element.text.replace("\\_", "_")
    for name in list(element.attrib):
        if _UNSAFE.fullmatch(name):
            del element.attrib[name]


def _join_upright_letters(parent: Element) -> None:
    r"""Join `\mathrm{logits}` to one word; the converter gives an element for every letter, a product."""
    previous: Element | None = None
    for child in list(parent):
        upright = child.tag == "mi" and child.attrib == {"mathvariant": "normal"} and not len(child)
        if upright and previous is not None:
            previous.text = (previous.text or "") + (child.text or "")
            parent.remove(child)
            continue
        previous = child if upright else None


def _character(reference: re.Match[str]) -> str:
    return chr(int(reference.group(1), 16))
