"""The page "before you open it to the world" and the checks of `doctor --production` are one list."""

import re
from collections.abc import Sequence

import pytest

from app.cli.production.checklist import POINTS
from app.cli.production.point import Point
from tests.support.checkout import CHECKOUT

_PAGE = CHECKOUT / "docs/operators/before-you-open.md"


def _sections(text: str) -> list[tuple[str, str]]:
    """Return title and text of each section, in order."""
    found = re.split(r"^## (.*)$", text, flags=re.MULTILINE)[1:]
    return list(zip(found[::2], found[1::2], strict=True))


def _plain(text: str) -> str:
    """Return the words alone: lines may break anywhere, and the page marks what is code."""
    return " ".join(text.replace("`", "").split())


def _faults(text: str, points: Sequence[Point]) -> list[str]:
    sections = _sections(text)
    faults = []
    if [title for title, _ in sections] != [point.title for point in points]:
        faults.append("other titles, or another order")
    for (title, section), point in zip(sections, points, strict=False):
        expected = f"{point.id}: {point.right} **Otherwise:** {point.mend}"
        if not _plain(section).startswith(_plain(expected)):
            faults.append(f"{title} does not begin with what the check says")
        if not _plain(section).removeprefix(_plain(expected)).strip():
            faults.append(f"{title} does not say why")
    return faults


def test_the_page_has_a_section_for_each_check_and_no_other() -> None:
    """In the same order, with what is right and what to do otherwise in the same words, and a reason."""
    assert _faults(_PAGE.read_text(), POINTS) == []


def test_each_check_has_a_name_of_its_own() -> None:
    assert len({point.id for point in POINTS}) == len({point.title for point in POINTS}) == len(POINTS)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("## HTTPS\n", "## TLS\n"),
        ("`https`: Every", "Every"),
        ("5 GB and a tenth", "6 GB and a tenth"),
        ("\nA full disk loses nothing that was accepted, but nothing more is taken in.\n", "\n"),
        ("\n## Who may sign up", "\n## Something more\n\nNobody checks it.\n\n## Who may sign up"),
    ],
)
def test_a_page_that_says_something_else_is_noticed(old: str, new: str) -> None:
    """The check above can fail."""
    text = _PAGE.read_text()
    assert old in text
    assert _faults(text.replace(old, new), POINTS)


def test_a_check_without_a_section_is_noticed() -> None:
    assert _faults(_PAGE.read_text(), (*POINTS, POINTS[0]))
    assert _faults(_PAGE.read_text(), POINTS[1:])
