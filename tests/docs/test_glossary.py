"""The glossary's words live where it says."""

import re

from tests.support.checkout import CHECKOUT

_ROW = re.compile(r"^\| ([^|`]+) \| ([^|]*) \| `([^`|]+)` \|$", re.MULTILINE)
_TEXT = (CHECKOUT / "docs/glossary.md").read_text()


def test_every_word_has_one_sentence_and_a_place() -> None:
    """A row that is written in another way would be passed over by the test below."""
    rows = [line for line in _TEXT.splitlines() if line.startswith("| ") and "---" not in line]
    rows = [line for line in rows if not line.startswith("| word |")]

    assert len(rows) > 50
    assert [line for line in rows if _ROW.fullmatch(line) is None] == []
    assert [word for word, meaning, _ in _ROW.findall(_TEXT) if not meaning.endswith(".")] == []


def test_every_place_is_there() -> None:
    """A module that moved takes its words with it."""
    assert [(word, path) for word, _, path in _ROW.findall(_TEXT) if not (CHECKOUT / path).is_file()] == []


def test_no_word_is_explained_twice() -> None:
    """One word for each thing, and one thing for each word."""
    words = [word for word, _, _ in _ROW.findall(_TEXT)]

    assert len(words) == len(set(words))
