"""Formulas: what they become, and what is said where they cannot be read."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalog.markup import mathml
from app.catalog.markup.mathml import FormulaFault, Formulas

_NEST = 100


def shown(latex: str, *, block: bool = False) -> str:
    return Formulas().shown(latex, block=block)


def fault_of(latex: str) -> FormulaFault:
    found = Formulas().read(latex, block=True)
    assert isinstance(found, FormulaFault), found
    return found


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        (r"\mathbb R", "<mi>ℝ</mi>"),
        (r"\mathbb{E}", "<mi>𝔼</mi>"),
        (r"\boldsymbol{\theta}", "<mi>𝜽</mi>"),
        (r"\boldsymbol x", "<mi>𝒙</mi>"),
        (r"\mathbf W", "<mi>𝐖</mi>"),
        # A screen reader says logits, not l times o times g.
        (r"\mathrm{logits}", "<mi>logits</mi>"),
        (r"\text{a<b\&c\_d}", "<mtext>a&lt;b&amp;c_d</mtext>"),
        (r"a > b", "<mo>&gt;</mo>"),
        (r"\operatorname{softmax}(x)", "<mo>\u2061</mo>"),
        (r"\textcolor{red}{x}", '<mrow mathcolor="#FF0000">'),
        (r"\text{\small x}", 'mathsize="90%"'),
        (r"a\hspace{1cm}b", 'width="2.8453em"'),
        (r"\overline{xy}", '<mo stretchy="true" class="maths-bar">\u0332</mo>'),
        (r"\underline{xy}", '<mo stretchy="true" class="maths-bar">\u0332</mo>'),
        (r"x\!y", 'class="maths-back-3"'),
        (r"x\mkern-17mu y", 'class="maths-back-18"'),
    ],
)
def test_a_formula_becomes_what_was_meant(latex: str, expected: str) -> None:
    assert expected in shown(latex)


@pytest.mark.parametrize("environment", ["aligned", "align*", "align"])
def test_aligned_lines_are_aligned_by_classes(environment: str) -> None:
    html = shown(rf"\begin{{{environment}}} a &= b + c \\ d &= e \end{{{environment}}}", block=True)
    assert html.count('<mtd class="maths-right maths-flush-right">') == 2
    assert html.count('<mtd class="maths-left maths-flush-left">') == 2
    assert "&amp;" not in html


def test_a_length_behind_a_lines_end_is_not_shown() -> None:
    assert shown(r"\begin{aligned} a \\[1em] b \end{aligned}") == shown(
        r"\begin{aligned} a \\ b \end{aligned}"
    )


def test_a_newline_behind_a_backslash_is_a_space() -> None:
    assert shown("a\\\nb") == shown(r"a\ b")
    lines = r"\begin{matrix} a \\ b \end{matrix}"
    assert shown(lines.replace("\\ b", "\\\nb")) == shown(lines)


def test_equations_are_counted_through_a_text_and_can_be_named() -> None:
    formulas = Formulas()
    assert "(1)" in formulas.shown(r"\begin{equation} a \label{one} \end{equation}", block=True)
    assert "(2)" in formulas.shown(r"\begin{equation} b \end{equation}", block=True)
    assert formulas.shown(r"\eqref{one}", block=False) == "<math><mtext>(1)</mtext></math>"


_EVERY_STYLE = (
    r"\begin{align} a &= b \end{align}",
    r"\begin{gather*} a \\ b \end{gather*}",
    r"\begin{multline} a \\ b \\ c \end{multline}",
    r"\begin{cases} a & b \\ c & d \end{cases}",
    r"\begin{array}{|l|c:r||c} \hline a & b & c & d \\ \hdashline e & f & g & h \end{array}",
    r"\begin{array}{:c} \hdashline a \end{array}",
    r"\begin{matrix} \hline a \end{matrix}",
    r"\begin{subarray}{l} a \\ b \end{subarray}",
    r"\mathop{x}(y)",
    r"a \mathbin{x^2} b",
    r"a \mathrel{x^2} b",
    r"a \mathinner{x^2} b",
    r"\cfrac{1}{2}",
    r"\cramped{x^2}",
    r"\textsc{a}",
)
_MORE_STYLES = (
    r"\hspace{-3em} x",
    r"\hspace{3pt} x",
    r"\textsf{b} \text{\tiny d} \text{\Huge e}",
    r"\boxed{x} \cancel{x} \bcancel{x} \xcancel{x} \phase{x}",
    r"\color{blue} x",
)


@pytest.mark.parametrize("latex", _EVERY_STYLE + _MORE_STYLES)
def test_no_style_is_left(latex: str) -> None:
    """The content security policy forbids it."""
    found = Formulas().read(latex, block=True)
    assert not isinstance(found, FormulaFault), found
    assert " style=" not in found


def test_every_class_is_needed() -> None:
    """And a formula has each of them, so that a style sheet without it would show."""
    shown_classes = " ".join(shown(latex, block=True) for latex in _EVERY_STYLE)
    assert {name for name in mathml.STYLES.values() if name not in shown_classes} == set()


class _Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


@given(
    st.lists(
        st.sampled_from(
            r"\frac \text \textcolor{red} \begin{array}{l|r} \end{array} \label{x} \eqref{x} \href{x} \url "
            r"\color{red} \style \class{x} <script> &lt; ' { } & _ ^ \\ x 1 on= javascript: % # \verb|x| "
            r"\left( \right)".split()
        ),
        max_size=12,
    ).map(" ".join)
)
def test_no_maths_makes_an_element_of_another_kind(latex: str) -> None:
    """Whatever is typed as LaTeX becomes MathML or stays text; nothing leads away or runs."""
    seen = _Seen()
    seen.feed(shown(latex))
    assert all(tag in {"code", "span", "b", "i", "em", "s", "u"} or tag.startswith("m") for tag in seen.tags)
    assert not {name for name in seen.attributes if re.match(r"on|href|src|style|id$", name)}


def test_maths_that_cannot_be_read_stays_as_it_was_typed() -> None:
    assert shown("\\frac{<") == '<code class="maths-source">\\frac{&lt;</code>'


@pytest.mark.parametrize(
    ("latex", "at", "words"),
    [
        (r"a + \foo", 4, r"unknown command `\foo`"),
        ("é𝒙漢 \\foo", 4, r"unknown command `\foo`"),
        (r"\apha", 0, r"did you mean `\alpha`?"),
        (r"\cdotx", 0, r"did you mean `\cdot`?"),
        (r"\mbox{x}", 0, r"write `\text{…}`"),
        (r"\softmax x", 0, r"`\operatorname{softmax}`"),
        (r"\begin{algned} x \end{algned}", 6, "did you mean `aligned`?"),
        (r"\begin{split} x \end{split}", 6, "write `aligned`"),
        (r"\begin{nonsense} x \end{nonsense}", 6, "there are align,"),
        (r"\frac{1}{2", 10, "expected closing token `}`"),
        ("a & b", 2, "such as `aligned`"),
        (r"a \\ b", 2, r"`\begin{aligned} … \end{aligned}`"),
        (r"50% of x", 2, r"write `\%`"),
        (r"\eqref{nowhere}", 0, r"`\label{…}`"),
        (r"\newcommand{\x}{y} \x", 0, "write out"),
        (r"\let\x=y", 0, "write out"),
        ("  ", 0, "empty"),
        (r"\text{if $x$}", 9, r"end the text before it"),
        ("{" * (_NEST + 1) + "}" * (_NEST + 1), _NEST, "in parts"),
        (r"\left(" * (_NEST + 1) + r"\right)" * (_NEST + 1), 6 * _NEST, "in parts"),
        ("x" * 4_001, 0, "at most 4,000"),
    ],
)
def test_what_cannot_be_read_has_a_place_and_a_way_out(latex: str, at: int, words: str) -> None:
    found = fault_of(latex)
    assert words in found.reason
    assert found.at == at
    assert not found.reason.endswith(".")


@pytest.mark.parametrize(
    "latex", [r"100\%", r"\\%"[1:], r"\{" * 200 + r"\}" * 200, r"\begin{matrix} a \\ b \end{matrix}"]
)
def test_what_is_escaped_is_no_fault(latex: str) -> None:
    assert not isinstance(Formulas().read(latex, block=True), FormulaFault)


def test_what_the_bounds_allow_does_not_end_the_process() -> None:
    """The converter recurses: a formula of 8,000 levels ends it by a signal."""
    for unit in (r"\sqrt ", r"\bar ", r"\frac x", r"\sqrt[x]", "^", r"\not", r"\hat"):
        chain = unit * (mathml.FORMULA_LIMIT // len(unit) - 1)
        Formulas().shown(chain + "x", block=True)


def test_an_element_that_is_not_known_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a new version of the converter may write one."""
    monkeypatch.setattr(mathml, "_ELEMENTS", {"math", "mi"})
    assert "<mn>" in fault_of("x + 1").reason or "<mo>" in fault_of("x + 1").reason
    monkeypatch.setattr(mathml, "STYLES", {})
    monkeypatch.setattr(mathml, "_ELEMENTS", {"math", "mtable", "mtr", "mtd", "mi"})
    assert "`text-align:right`" in fault_of(r"\begin{aligned} a & b \end{aligned}").reason
