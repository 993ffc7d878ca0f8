"""LaTeX as MathML Core, as a page may carry it: known elements and attributes, classes in place of styles.

What cannot be read has a reason and a place. The converter recurses as deep as a formula is nested, and
ends the process where its stack does, so length and nesting have bounds here; commands that a formula
defines for itself could grow past both, and are refused.
"""

import re
from html import escape, unescape

import msgspec
from math_core import LatexError, LatexToMathML

from app.catalog.markup.spellings import unknown_command, unknown_environment

FORMULA_LIMIT = 4_000
"""Characters of one formula."""
NESTING_LIMIT = 100
"""Braces, `\\left` and `\\begin` within each other."""

STYLES = {
    "text-align:left": "maths-left",
    "justify-items:start": "maths-left",
    "text-align:right": "maths-right",
    "justify-items:end": "maths-right",
    "padding-left:0": "maths-flush-left",
    "padding-right:0": "maths-flush-right",
    "padding-left:1em": "maths-apart",
    "padding-left:0.1em": "maths-between",
    "padding-right:0.1em": "maths-between",
    "padding-top:0": "maths-dense",
    "padding-bottom:0": "maths-dense",
    "padding-top:0.1667em": "maths-below-bar",
    "padding-left:0.1667em": "maths-thin-left",
    "padding-right:0.1667em": "maths-thin-right",
    "padding-left:0.2222em": "maths-medium-left",
    "padding-right:0.2222em": "maths-medium-right",
    "padding-left:0.2778em": "maths-thick-left",
    "padding-right:0.2778em": "maths-thick-right",
    "border-top:0.05em solid currentcolor": "maths-line-top",
    "border-left:0.05em solid currentcolor": "maths-line-left",
    "border-right:0.05em solid currentcolor": "maths-line-right",
    "border-top:0.05em dashed currentcolor": "maths-dashes-top",
    "border-left:0.05em dashed currentcolor": "maths-dashes-left",
    "border-right:0.05em dashed currentcolor": "maths-dashes-right",
    "width:100%": "maths-whole",
    "width:50%": "maths-side",
    "width:7.5%": "maths-margin",
    "math-shift:compact": "maths-cramped",
    "font-variant-caps:small-caps": "maths-small-caps",
}
"""What the converter writes as a style, and the class that says it; `styles/maths.css` has the same pairs."""
BACK_MU = (1, 2, 3, 4, 5, 6, 9, 12, 18, 36)
"""How far a negative space goes back, in eighteenths of an em: the nearest has the class `maths-back-N`."""
CLASSES = {
    "menclose-phasorangle",
    "menclose-updiagonalstrike",
    "menclose-downdiagonalstrike",
    "math-core-sans-serif-font",
    "math-core-serif-font",
}
"""Classes of the converter's own."""

_ELEMENTS = set(
    "math mrow mi mn mo mtext mspace msub msup msubsup mover munder munderover mmultiscripts mprescripts "
    "msqrt mroot mfrac mpadded mphantom mtable mtr mtd menclose b i em s u code span".split()
)
_ATTRIBUTES = set(
    "display mathvariant stretchy symmetric largeop movablelimits form fence separator lspace rspace minsize "
    "maxsize accent accentunder displaystyle scriptlevel linethickness width height depth voffset "
    "notation".split()
)
_TAG = re.compile(r'<(/?)([a-z]+)((?:\s+[a-z-]+="[^"<>]*")*)\s*(/?)>')
_ATTRIBUTE = re.compile(r'([a-z-]+)="([^"]*)"')
_BACK = re.compile(r"margin-left:-([\d.]+)(rem|em|ex)?")
_COLOUR = re.compile(r"color:(#[0-9A-Fa-f]{6})")
_SIZE = re.compile(r"font-size:(\d+%)")
_WIDTH = re.compile(r"width:[\d.]+rem")
_REM = re.compile(r"([\d.]+)rem")

_SAID = re.compile(r"(\d+): (.*)", re.DOTALL)
_NAMED = re.compile(r'Unknown (command|environment) "([^"]*)"\.')
_NEST = re.compile(
    r"\\\\|\\[{}]|([{]|\\(?:left|begin)(?![A-Za-z]))|([}]|\\(?:right|end)(?![A-Za-z]))",
)
_DEFINES = re.compile(r"\\(?:newcommand|renewcommand|providecommand|[gex]?def|let|global)(?![A-Za-z])")
_COMMENT = re.compile(r"(?:[^\\%]|\\.)*%", re.DOTALL)
_BREAK = re.compile(r"\\\\")
_BREAK_WITH_LENGTH = re.compile(r"(\\\\)(\s*\[\s*-?[\d.]+\s*(?:em|ex|pt|pc|mu|mm|cm|in|px)\s*\])")
_NOWHERE = "<mtext>(??)</mtext>"
_PLACES = {
    "a table-like environment": r"an environment with columns, such as `aligned`",
    "a numbered equation environment": r"`equation`, `align`, `gather` or `multline`",
}
_SPACE_BY_NEWLINE = re.compile(r"(\\\\)|\\\n")
_BAR = re.compile(r"(<mo stretchy=\"true\")(>\u0332)")
_OTHERWISE = {
    "Math mode within text mode is not implemented yet.": (
        r"a formula within `\text{…}`; end the text before it, as in `\text{if }x\text{ holds}`"
    ),
    "Not valid in text mode.": r"what stands here is not valid within `\text{…}`; end the text before it",
    "Not valid in math mode.": r"what stands here is valid only within `\text{…}`",
    'Unexpected "$".': r"a dollar within a formula; write `\$`",
}


class FormulaFault(msgspec.Struct, frozen=True, kw_only=True):
    """Why a formula cannot be shown."""

    reason: str
    """With what to do, without its full stop."""
    at: int
    """How many characters of the formula stand before the place."""


class Formulas:
    """The formulas of one text, in their order: equations that have numbers are counted through it."""

    def __init__(self) -> None:
        self._converter = LatexToMathML(fancy_error=False)

    def read(self, latex: str, *, block: bool) -> str | FormulaFault:
        """Return a `<math>` element that is safe to put into a page, or why there is none."""
        fault = _beyond_bounds(latex) or _no_formula(latex)
        if fault is not None:
            return fault
        # The length behind a line's end would be shown as text, and a space made by a newline is not known.
        plain = _BREAK_WITH_LENGTH.sub(lambda found: found[1] + " " * len(found[2]), latex)
        plain = _SPACE_BY_NEWLINE.sub(lambda found: found[1] or "\\ ", plain)
        try:
            found = _for_pages(self._converter.convert_with_global_state(plain, displaystyle=block))
        except LatexError as error:
            return _fault_of(str(error), latex)
        except _Unshowable as error:
            return FormulaFault(reason=f"{error}, which pages cannot show; write it otherwise", at=0)
        if _NOWHERE in found:
            reason = r"`\eqref` names no equation before it; give one its name with `\label{…}`"
            return FormulaFault(reason=reason, at=max(0, latex.find(r"\eqref")))
        return _BAR.sub(r'\1 class="maths-bar"\2', found)

    def shown(self, latex: str, *, block: bool) -> str:
        """Return what stands for a formula in a page; what cannot be read stays visible as it was typed."""
        found = self.read(latex, block=block)
        if isinstance(found, FormulaFault):
            return f'<code class="maths-source">{escape(latex)}</code>'
        return found


class _Unshowable(Exception):
    """The converter wrote something that is not known here."""


def _beyond_bounds(latex: str) -> FormulaFault | None:
    if len(latex) > FORMULA_LIMIT:
        reason = f"the formula has {len(latex):,} characters; at most {FORMULA_LIMIT:,} are allowed"
        return FormulaFault(reason=reason, at=0)
    depth = 0
    for part in _NEST.finditer(latex):
        depth += (part[1] is not None) - (part[2] is not None)
        if depth > NESTING_LIMIT:
            reason = f"the formula is nested more than {NESTING_LIMIT} deep; write it in parts"
            return FormulaFault(reason=reason, at=part.start())
    if defines := _DEFINES.search(latex):
        reason = f"`{defines[0]}` defines a command, which formulas here cannot; write out what it stands for"
        return FormulaFault(reason=reason, at=defines.start())
    return None


def _no_formula(latex: str) -> FormulaFault | None:
    if not latex.strip():
        return FormulaFault(reason="the formula is empty; fill it or take it out", at=0)
    if hidden := _COMMENT.match(latex):
        reason = r"`%` hides what follows it on its line; write `\%`"
        return FormulaFault(reason=reason, at=hidden.end() - 1)
    broken = _BREAK.search(latex)
    if broken and "\\begin" not in latex:
        reason = r"`\\` begins no new line outside of an environment; write `\begin{aligned} … \end{aligned}`"
        return FormulaFault(reason=reason, at=broken.start())
    return None


def _fault_of(said: str, latex: str) -> FormulaFault:
    """Read what the converter said: a position, and a sentence."""
    found = _SAID.fullmatch(said)
    if found is None:
        return FormulaFault(reason=f"the formula cannot be read: {said}", at=0)
    at, sentence = int(found[1]), found[2]
    named = _NAMED.fullmatch(sentence)
    if named and named[1] == "command":
        reason = unknown_command(named[2], is_known=_is_known)
    elif named:
        reason = unknown_environment(named[2])
    else:
        reason = _OTHERWISE.get(sentence) or _in_our_words(sentence)
    return FormulaFault(reason=reason, at=min(at, len(latex)))


def _in_our_words(sentence: str) -> str:
    for place, name in _PLACES.items():
        sentence = sentence.replace(place, name)
    return sentence[:1].lower() + sentence[1:].removesuffix(".").replace('"', "`")


def _is_known(command: str) -> bool:
    """Tell whether the converter knows a command, whatever it wants behind it."""
    try:
        LatexToMathML(fancy_error=False).convert_with_local_state(f"{command} xx", displaystyle=False)
    except LatexError as error:
        return f'Unknown command "{command}"' not in str(error)
    return True


def _for_pages(written: str) -> str:
    """Rewrite what the converter wrote.

    Raises:
        _Unshowable: it holds what no formula has held so far.
    """
    if rest := re.search(r"<[^>]*>?", _TAG.sub("", written)):
        raise _Unshowable(f"the formula becomes {rest[0][:40]!r}")
    parts, end = [], 0
    for tag in _TAG.finditer(written):
        parts += [_text(written[end : tag.start()]), _tag(tag)]
        end = tag.end()
    return "".join([*parts, _text(written[end:])])


def _text(written: str) -> str:
    # Names of signs that only HTML knows become the signs.
    return escape(unescape(written), quote=False)


def _tag(tag: re.Match[str]) -> str:
    closing, name, attributes, empty = tag.groups()
    if name == "a":
        return ""  # References to equations stay as text: nothing on a page goes by their names.
    if name not in _ELEMENTS:
        raise _Unshowable(f"the formula becomes <{name}>")
    if closing:
        return f"</{name}>"
    kept: list[str] = []
    classes: list[str] = []
    for attribute, value in _ATTRIBUTE.findall(attributes):
        if attribute == "style":
            for declaration in filter(None, map(str.strip, value.split(";"))):
                _declare(re.sub(r":\s+", ":", declaration), kept, classes)
        elif attribute == "class" and value in CLASSES:
            classes.append(value)
        elif attribute in _ATTRIBUTES:
            # Firefox knows no "rem" in an attribute; in a formula the two are nearly the same.
            length = _REM.sub(r"\1em", value)
            kept.append(f'{attribute}="{length}"')
    if classes:
        kept.append(f'class="{" ".join(dict.fromkeys(classes))}"')
    return f"<{' '.join([name, *kept])}{empty}>"


def _declare(declaration: str, kept: list[str], classes: list[str]) -> None:
    """Put what a style said among the attributes or the classes."""
    if declaration in STYLES:
        classes.append(STYLES[declaration])
    elif colour := _COLOUR.fullmatch(declaration):
        kept.append(f'mathcolor="{colour[1]}"')
    elif size := _SIZE.fullmatch(declaration):
        kept.append(f'mathsize="{size[1]}"')
    elif back := _BACK.fullmatch(declaration):
        mu = float(back[1]) * (8 if back[2] == "ex" else 18)
        classes.append(f"maths-back-{min(BACK_MU, key=lambda known: abs(known - mu))}")
    elif not _WIDTH.fullmatch(declaration):  # The attribute beside it says the same.
        raise _Unshowable(f"the formula is styled by `{declaration}`")
