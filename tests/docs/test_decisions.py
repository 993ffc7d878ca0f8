"""Decisions are numbered, dated, and can be undone by whoever reads them."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tests.support.checkout import CHECKOUT

_FOLDER = CHECKOUT / "docs/decisions"
_HEADINGS = ["Context", "Decision", "Consequences", "How to undo it"]
_RECORDS = sorted(_FOLDER.glob("[0-9]*.md"))


def _faults(number: int, text: str) -> list[str]:
    """Return what a record lacks."""
    title, day = text.split("\n\n")[:2]
    faults = []
    if not title.startswith(f"# {number}. "):
        faults.append(f"the title does not begin with {number}")
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", day) is None or not _is_past(day):
        faults.append(f"no date below the title: {day}")
    if re.findall(r"^## (.*)$", text, re.MULTILINE) != _HEADINGS:
        faults.append(f"other headings than {_HEADINGS}")
    return faults


def _number(record: Path) -> int:
    """Read it off the file's name; work under way elsewhere may have the number between."""
    return int(record.name[:4])


def _is_past(day: str) -> bool:
    return date.fromisoformat(day) <= datetime.now(tz=UTC).date()


@pytest.mark.parametrize("record", _RECORDS, ids=lambda record: record.name)
def test_a_record_has_number_date_and_headings(record: Path) -> None:
    """Context, decision, consequences, and how to undo it."""
    assert _faults(_number(record), record.read_text()) == []


def test_a_record_that_lacks_something_is_noticed() -> None:
    """The check above can fail."""
    assert len(_faults(2, "# 1. A title\n\nsome day\n\n## Context\n\nNone.\n")) == 3


def test_the_index_has_every_record_by_its_title() -> None:
    """A decision that the index does not name is found by nobody."""
    index = (_FOLDER / "README.md").read_text()
    rows = re.findall(r"^\| (\d+) \| \[(.*?)\]\((.*?)\) \|", index, re.MULTILINE)

    assert rows == [
        (str(_number(record)), record.read_text().split("\n")[0].partition(". ")[2], record.name)
        for record in _RECORDS
    ]
