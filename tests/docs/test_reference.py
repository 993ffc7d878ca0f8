"""The reference pages say what the code says now."""

import re

import pytest

from app.core.outcome import Outcome
from app.settings import Settings
from docs.reference.generate import FOLDER, pages

_PAGES = pages()


@pytest.mark.parametrize("name", sorted(_PAGES))
def test_a_page_is_what_the_code_gives(name: str) -> None:
    """`make reference` writes it again."""
    assert (FOLDER / name).read_text() == _PAGES[name]


def test_no_other_page_claims_to_be_made() -> None:
    """One that nothing makes any more would go stale."""
    assert {path.name for path in FOLDER.iterdir() if path.suffix in (".md", ".json")} == set(_PAGES)


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("settings.md", {f"JAXERCISE_{name.upper()}" for name in Settings.model_fields}),
        ("outcomes.md", {str(outcome) for outcome in Outcome}),
    ],
)
def test_everything_has_a_line_with_a_sentence(page: str, names: set[str]) -> None:
    """Whoever looks a word up learns what it means."""
    meanings = dict(re.findall(r"^\| `(\w+)` \|.*\| (.*?) \|$", _PAGES[page], re.MULTILINE))

    assert set(meanings) == names
    assert [name for name, meaning in meanings.items() if not meaning.endswith(".")] == []
