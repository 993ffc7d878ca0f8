"""A formula in words, for where no MathML can stand: a picture's alternative text, the title of a section."""

import re
import unicodedata
from collections.abc import Sequence
from html.parser import HTMLParser

import msgspec

_SIGNS = {
    "+": "plus",
    "-": "minus",
    "−": "minus",
    "±": "plus or minus",
    "×": "times",
    "⋅": "times",
    "∗": "times",
    "/": "over",
    "÷": "divided by",
    "=": "equals",
    "≠": "is not",
    "<": "less than",
    ">": "greater than",
    "≤": "at most",
    "≥": "at least",
    "≪": "much less than",
    "≫": "much greater than",
    "≈": "about",
    "∼": "distributed as",
    "∝": "proportional to",
    "≡": "equivalent to",
    "≔": "becomes",
    "∈": "in",
    "∉": "not in",
    "⊂": "within",
    "⊆": "within",
    "∪": "union",
    "∩": "intersection",
    "→": "to",
    "↦": "maps to",
    "←": "from",
    "⇒": "implies",
    "⇔": "if and only if",
    "∀": "for all",
    "∃": "there is",
    "∑": "sum",
    "∏": "product",
    "∫": "integral",
    "∞": "infinity",
    "∂": "partial",
    "∇": "gradient",
    "∘": "after",
    "⊙": "elementwise times",
    "⊗": "tensor times",
    "⊕": "direct sum",
    "⊤": "transposed",
    "⊥": "perpendicular",
    "‖": "norm bar",
    "∥": "norm bar",
    "|": "bar",
    "∣": "bar",
    "…": "and so on",
    "⋯": "and so on",
    "⋮": "and so on",
    "⋱": "and so on",
    "′": "prime",
    "″": "double prime",
    "%": "percent",
    "∅": "empty set",
}
_ACCENTS = {
    "^": "hat",
    "ˆ": "hat",
    "̂": "hat",
    "¯": "bar",
    "‾": "bar",
    "̲": "bar",
    "̅": "bar",
    "~": "tilde",
    "˜": "tilde",
    "⃗": "vector",
    "→": "vector",
    "˙": "dot",
    "¨": "double dot",
}
_BRACES = "⏞⏟⎴⎵"
_POWERS = {
    "2": "squared",
    "3": "cubed",
    "T": "transposed",
    "transposed": "transposed",
    "prime": "prime",
    "double prime": "double prime",
}
_TAKEN_OVER = ("sum", "product", "integral", "max", "min", "sup", "inf", "lim", "arg max", "arg min", "E")
_UNSAID = re.compile(r"[\u2061-\u2064\ufe00-\ufe0f\u200b]")
_SIMPLE = re.compile(r"[\w.]*( (hat|bar|tilde|vector))?")


class _Node(msgspec.Struct):
    name: str
    children: list["_Node"] = []
    text: str = ""


class _Tree(HTMLParser):
    """The elements of one formula, as the converter of this package writes them."""

    def __init__(self, mathml: str) -> None:
        super().__init__()
        self.root = _Node(name="math")
        self._open = [self.root]
        self.feed(mathml)
        self.close()

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        node = _Node(name=tag)
        self._open[-1].children.append(node)
        self._open.append(node)

    def handle_startendtag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self._open[-1].children.append(_Node(name=tag))

    def handle_endtag(self, tag: str) -> None:
        if len(self._open) > 1:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1].text += data


def in_words(mathml: str) -> str:
    """Return what a reader would say of a formula; `mathml` is as `Formulas.read` returns it."""
    said = re.sub(r"\s+", " ", _said(_Tree(mathml).root)).strip()
    # Dots for "and so on" are three signs; brackets and commas stand close to what they belong to.
    said = re.sub(r"(\. ){2}\.", "and so on", said)
    return re.sub(r"([(\[{]) | (?=[)\]},;:!])", r"\1", said)


def _said(node: _Node) -> str:
    parts = [_said(child) for child in node.children]
    if node.name in _WAYS and len(parts) == _WAYS[node.name][0]:
        return _WAYS[node.name][1].format(*map(_grouped, parts))
    match node.name, node.children:
        case "msup", [_, _]:
            return _power(parts[0], parts[1])
        case "msubsup", [_, _, _]:
            return _power(f"{_grouped(parts[0])} sub {_grouped(parts[1])}", parts[2])
        case "mover" | "munder", [_, _]:
            return _accented(node, parts)
        case "mtable", _:
            return "; ".join(parts)
        case "mtr", _:
            return ", ".join(filter(str.strip, parts))
        case "mi" | "mn" | "mo", []:
            return _word(node.text)
    return " ".join(filter(None, [node.text if node.name != "mspace" else "", *parts]))


_WAYS = {
    "msub": (2, "{} sub {}"),
    "mfrac": (2, "{} over {}"),
    "msqrt": (1, "root of {}"),
    "mroot": (2, "root {1} of {0}"),
    "munderover": (3, "{} from {} to {}"),
}
"""What is said of an element with so many children."""


def _accented(node: _Node, parts: Sequence[str]) -> str:
    base, other = parts
    sign = node.children[1].text
    if not other.strip() or (sign and sign in _BRACES):
        return base
    if sign in _ACCENTS:
        return f"{_grouped(base)} {_ACCENTS[sign]}"
    if node.name == "munder" and base in _TAKEN_OVER:
        return f"{base} over {_grouped(other)}"
    return f"{_grouped(base)} with {_grouped(other)} {'above' if node.name == 'mover' else 'below'}"


def _power(base: str, power: str) -> str:
    return f"{_grouped(base)} {_POWERS.get(power) or f'to the {_grouped(power)}'}"


def _grouped(said: str) -> str:
    """Put brackets around what is more than one word, so that it is heard what belongs together."""
    said = said.strip()
    return said if _SIMPLE.fullmatch(said) or said.startswith("(") else f"({said})"


def _word(text: str) -> str:
    text = _UNSAID.sub("", unicodedata.normalize("NFKC", text))
    if text in _SIGNS:
        return _SIGNS[text]
    if len(text) == 1 and not text.isascii():
        name = unicodedata.name(text, "").lower()
        if greek := re.fullmatch(r"greek (small|capital) letter (\w+)( symbol)?", name):
            letter = greek[2].replace("lamda", "lambda")
            return letter.capitalize() if greek[1] == "capital" else letter
        if not text.isalnum():
            return name
    return text
