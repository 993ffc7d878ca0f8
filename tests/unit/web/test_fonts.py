"""The cut fonts have what bundled statements and templates use, so that no page fetches the whole ones."""

import re
from html import unescape

import pytest

from app.catalog.problem_folder import problem_files, read_problem
from app.catalog.statement import Statement, render_statement
from tests.support.checkout import CHECKOUT

_PROBLEMS = sorted(folder.name for folder in (CHECKOUT / "problems").glob("[0-9]*"))
_DRAWN_BY_ANY_FONT = set("\n\t→⇄√∞─│└├✓✗")
"""Symbols that Inter has not, whole or cut: they come from the reader's machine."""


def declared(face: str) -> list[range]:
    """The characters that a cut face is for."""
    css = (CHECKOUT / "app/web/styles/fonts.css").read_text()
    [ranges] = re.findall(rf"@cut-fonts/{face}\.woff2.*?unicode-range:([^;]+);", css, re.DOTALL)
    found = re.findall(r"U\+([0-9A-F]+)(?:-([0-9A-F]+))?", ranges)
    return [range(int(first, 16), int(last or first, 16) + 1) for first, last in found]


def lacking(face: str, text: str) -> set[str]:
    ranges = declared(face)
    return {letter for letter in text if not any(ord(letter) in one for one in ranges)} - _DRAWN_BY_ANY_FONT


def html_of(statement: Statement) -> str:
    parts = [statement.html, statement.recap_html or "", *(hint.html for hint in statement.hints)]
    for question in statement.quiz:
        parts += [question.html, question.explanation_html, *(choice.html for choice in question.choices)]
    return "".join(map(str, parts))


def words(html: str) -> str:
    return unescape(re.sub(r"<[^>]*>", "", html))


@pytest.mark.parametrize("name", _PROBLEMS)
def test_a_bundled_statement_is_drawn_from_the_cut_fonts(name: str) -> None:
    files = problem_files(CHECKOUT / "problems" / name, CHECKOUT / "reference_solutions" / name)
    html = html_of(render_statement(read_problem(files)))
    maths = re.compile(r"<math.*?</math>", re.DOTALL)
    assert lacking("maths", "".join(map(words, maths.findall(html)))) == set()
    assert lacking("prose", words(maths.sub("", html))) == set()


def test_templates_are_drawn_from_the_cut_fonts() -> None:
    for template in (CHECKOUT / "app/web/templates").glob("*.html"):
        assert lacking("prose", template.read_text()) == set(), template.name


def test_another_letter_is_seen_to_lack() -> None:
    assert lacking("prose", "ж") == {"ж"}
    assert lacking("maths", "x⨌") == {"⨌"}
