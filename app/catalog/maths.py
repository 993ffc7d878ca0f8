"""LaTeX to MathML, safe to put into a page."""

import re
from xml.etree.ElementTree import Element, tostring

from latex2mathml.converter import Converter
from markdown_it.common.utils import escapeHtml

_REFERENCE = re.compile(r"&#x([0-9A-Fa-f]{1,6});")
_ALIGNED = re.compile(r"\\(begin|end)\{aligned\}")
_UNSAFE = re.compile(r"(?:on.*|href|xlink.*|style|class|id|src)", re.IGNORECASE)


def mathml(latex: str, *, block: bool) -> str:
    """A `<math>` element; LaTeX that cannot be read stays visible as it was typed.

    latex2mathml's own serialisation undoes the escaping of `<` in `\\text{…}`, so the element
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


def _clean(element: Element) -> None:
    if element.text:
        element.text = _REFERENCE.sub(_character, element.text)
        if element.tag == "mtext":
            element.text = element.text.replace("\\_", "_")
    for name in list(element.attrib):
        if _UNSAFE.fullmatch(name):
            del element.attrib[name]


def _join_upright_letters(parent: Element) -> None:
    """`\\mathrm{logits}` as one word; the converter gives an element for every letter, a product."""
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
