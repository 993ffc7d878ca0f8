"""Statements: what authors may write, and what never gets through."""

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalog.markup.mathml import Formulas
from app.catalog.problem_folder import read_problem
from app.catalog.statement import Statement, render_statement
from app.core.problem import Entry, Manifest, Problem
from app.errors import ProblemError
from tests.support.small_problem import small_problem


def rendered(text: str) -> Statement:
    manifest = Manifest(
        id="00000000-0000-0000-0000-000000000046",
        slug="vit-cls-token",
        position=46,
        title="ViT",
        track="vision-transformers",
        summary="",
        entry=Entry(function="f", parameters=()),
        cases=(),
    )
    problem = Problem(
        version="0",
        manifest=manifest,
        statement=text,
        starter="",
        reference="",
        variants={},
        also_right={},
        assets={},
    )
    return render_statement(problem)


def test_html_in_a_statement_is_shown_and_never_run() -> None:
    """Neither as a block, nor inline, nor in maths, nor as an address."""
    html = rendered(
        "<script>alert(1)</script>\n\nan <img src=x onerror=alert(1)> and $\\text{<script>x</script>}$\n\n"
        "[link](javascript:alert(1)) ![figure](javascript:alert(1))"
    ).html
    assert "<script" not in html
    assert "<img" not in html
    assert "&lt;script&gt;" in html
    assert "href" not in html


@given(st.text(alphabet="<>&\"'\\{}$_^ascript{}text\nx1&#;=/ ", max_size=40))
def test_no_maths_makes_an_element_of_another_kind(latex: str) -> None:
    """Whatever is typed as LaTeX becomes MathML or stays text."""
    tags = {tag.lower() for tag in re.findall(r"</?([A-Za-z]+)", Formulas().shown(latex, block=False))}
    assert all(tag == "code" or tag.startswith("m") for tag in tags)


def test_maths_becomes_mathml() -> None:
    html = rendered("Inline $d$.\n\n$$\n\\frac{a}{b} \\in \\mathbb{R}\n$$\n").html
    assert '<span class="math inline"><math><mi>d</mi></math></span>' in html
    assert '<math display="block">' in html
    assert "<mfrac>" in html
    assert "ℝ" in html


@pytest.mark.parametrize(
    "text",
    [
        "- $d$ is 16\n- $h$ is 4",
        "## $d$ rows of 4\n\ntext",
        "| $d$ of 4 | b |\n|---|---|\n| $h$, 4 | 5 |\n",
        "$d$ and $h$: 16",
        "1. $d$\n2. $h$",
        "> $d$ in a quote, $h$ by 2",
    ],
)
def test_maths_may_stand_first(text: str) -> None:
    """In an item, a cell, a heading, a quote; also where the text ends with a digit."""
    html = rendered(text).html
    assert html.count("<math") == text.count("$") // 2
    assert "$" not in html


@pytest.mark.parametrize(
    "text",
    [
        "Here $$x^2$$ stands within a line.",
        "- $$x^2$$ in an item",
        "| $$x^2$$ | b |\n|---|---|\n",
        "The loss is\n$$\nx^2\n- y\n$$\nand so on.",
        "$$x^2$$\n",
        "> $$\n> x^2\n> - y\n> $$\n",
    ],
)
def test_displayed_maths_may_stand_anywhere(text: str) -> None:
    """And a line of it that begins with a minus is no item of a list."""
    html = rendered(text).html
    assert html.count('<math display="block">') == 1
    assert "$" not in html


def test_what_is_typed_stays_as_it_is_typed() -> None:
    """It stands beside code: `(c)` is a choice, a quote is Python's, two dashes are an option."""
    typed = "(c) (tm) (r) +- -- --- ... \"quoted\" 'single' don't ,, ?????"
    assert unescape(rendered(typed).html) == f"<p>{typed}</p>\n"


def test_dollars_for_money_are_no_maths() -> None:
    assert "<math" not in rendered("It costs $5 and $10.").html


def test_code_is_highlighted_by_classes() -> None:
    html = rendered('```python\ndef f():\n    return "<b>"\n```\n').html
    assert '<span class="hl-k">def</span>' in html
    assert "&lt;b&gt;" in html
    assert "style=" not in html


def test_an_unknown_language_is_left_plain() -> None:
    assert "&lt;x&gt;" in rendered("```nolanguage\n<x>\n```\n").html


def test_figures_come_from_the_problem_itself() -> None:
    html = rendered('![A row of tokens](assets/tokens.svg "Tokens")').html
    assert (
        '<img src="/problems/vit-cls-token/assets/tokens.svg" alt="A row of tokens" loading="lazy">' in html
    )
    assert '<span class="caption">Tokens</span>' in html


@pytest.mark.parametrize(
    "source", ["https://example.org/x.png", "assets/../secret.png", "//example.org/x.png"]
)
def test_figures_from_elsewhere_are_named_and_not_loaded(source: str) -> None:
    html = rendered(f"![A row of tokens]({source})").html
    assert "<img" not in html
    assert "A row of tokens" in html


def test_a_figure_may_lie_deeper_and_have_any_name() -> None:
    html = rendered("![x](assets/a/fig%201.svg#part) [the same](./assets/a/fig%201.svg)").html
    assert '<img src="/problems/vit-cls-token/assets/a/fig%201.svg#part"' in html
    assert '<a href="/problems/vit-cls-token/assets/a/fig%201.svg">' in html


def test_a_figure_is_described_with_formulas_in_words() -> None:
    html = rendered(r"![Rows $z_0$ to $z_N$ of `x`, *each* $\mathbb{R}^d$](assets/a.svg)").html
    assert 'alt="Rows z sub 0 to z sub N of x, each R to the d"' in html


def test_columns_are_aligned_by_classes() -> None:
    """The content security policy forbids a style."""
    html = rendered("| a | b | c | d |\n|:--|:-:|--:|---|\n| 1 | 2 | 3 | 4 |\n").html
    assert '<th class="column-left">a</th>' in html
    assert '<td class="column-center">2</td>' in html
    assert '<td class="column-right">3</td>' in html
    assert "<td>4</td>" in html
    assert "style" not in html


def test_sections_have_anchors() -> None:
    statement = rendered("## The task\n\ntext\n\n### Detail\n\ntext\n\n## The task\n\ntext\n")
    assert [heading.anchor for heading in statement.headings] == ["the-task", "the-task-1"]
    assert '<h3 id="detail">' in statement.html


def test_titles_are_words_where_only_words_can_stand() -> None:
    statement = rendered(
        "## The `size` of $z_0$\n\ntext\n\n## $d$\n\nx\n\n:::hint On $z_0$ and `x`\nx\n:::\n"
    )
    assert [heading.title for heading in statement.headings] == ["The size of z sub 0", "d"]
    assert [heading.anchor for heading in statement.headings] == ["the-size-of", "section"]
    assert statement.hints[0].title == "On z sub 0 and x"
    assert "<math>" in statement.hints[0].title_html
    assert "<code>x</code>" in statement.hints[0].title_html


def test_the_title_is_left_to_the_page() -> None:
    assert "<h1" not in rendered("# NNX ViT\n\ntext\n").html


def test_hints_stand_apart_from_the_text() -> None:
    """So that a guest's page can leave them out; their empty section goes with them."""
    statement = rendered(
        "## Hints\n\n:::hint Where CLS goes\nOn **top**.\n:::\n\n:::hint\nRow 0.\n:::\n\n## More\n\nx\n"
    )
    assert [hint.title for hint in statement.hints] == ["Where CLS goes", "Hint 2"]
    assert statement.hints[0].html == "<p>On <strong>top</strong>.</p>\n"
    assert "top" not in statement.html
    assert [heading.title for heading in statement.headings] == ["More"]


def test_a_quiz_has_questions_choices_and_explanations() -> None:
    statement = rendered(
        ":::quiz\nHow many rows has $z$?\n\n- [ ] `N`\n- [x] `N + 1`\n\n> CLS takes one.\n\nAnd then?\n\n"
        "- [x] a\n- [x] b\n:::\n"
    )
    first, second = statement.quiz
    assert [choice.right for choice in first.choices] == [False, True]
    assert first.choices[1].html == "<code>N + 1</code>"
    assert "<math" in first.html
    assert first.explanation_html == "<p>CLS takes one.</p>\n"
    assert (first.several, second.several) == (False, True)


@pytest.mark.parametrize(
    ("quiz", "reason"),
    [
        ("Which?\n\n- [ ] a\n- [ ] b\n", "at least one with `.x.`"),
        ("Which?\n", "has no choices"),
        ("Which?\n\n- a\n- [x] b\n", "begins with"),
        ("- [x] b\n", "has no words"),
    ],
)
def test_a_question_that_nobody_can_answer_is_refused(quiz: str, reason: str) -> None:
    with pytest.raises(ProblemError, match=reason):
        rendered(f":::quiz\n{quiz}:::\n")


def test_the_recap_stands_apart_from_the_text() -> None:
    statement = rendered("text\n\n:::recap\nYou built it.\n:::\n")
    assert statement.recap_html == "<p>You built it.</p>\n"
    assert "built" not in statement.html


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("\"a' " * 2_001, "md:1: the paragraph has 8,003 characters"),
        ("x\n\n" + "word " * 1_700, "md:3: the paragraph has"),
        ("# a\n" * 301, "301 headings"),
        (":::hint H\nx\n:::\n" * 61, "61 hints, quizzes and recaps"),
        (":::quiz\nWhich?\n\n" + "- [x] a\n" * 301 + ":::\n", "301 choices"),
    ],
)
def test_what_takes_the_square_of_its_length_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ProblemError, match=reason):
        rendered(text)


def test_a_long_listing_is_no_long_paragraph() -> None:
    assert rendered("```python\n" + "# x\n" * 5_000 + "```\n").html.count("# x") == 5_000


def test_a_statement_that_is_too_long_is_refused() -> None:
    with pytest.raises(ProblemError, match=r"statement\.md: has 262,145 bytes; at most 262,144"):
        read_problem(small_problem(statement="x\n\n" * 87_381 + "xx"))
