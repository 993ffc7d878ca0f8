"""One word for each thing: names of the old vocabulary do not come back."""

import re
from pathlib import Path

import pytest

from tests.support.checkout import CHECKOUT
from tests.support.vocabulary import (
    EXEMPTIONS,
    OLD_WORDS,
    Exemption,
    Name,
    NameKind,
    OldWord,
    headings,
    names_of,
    old_words_in,
    python_names,
    script_names,
    style_names,
    template_names,
)

_EVERY = list(names_of(CHECKOUT))


def test_no_name_has_an_old_word() -> None:
    """Identifiers, files, settings, keys, metrics, styles and headings use the glossary's words."""
    found = {
        f"{name.file}:{name.line}: {name.kind} {name.text}: write {old.instead} ({old.reason})"
        for name, old in old_words_in(_EVERY)
    }

    assert sorted(found) == []


@pytest.mark.parametrize("old", OLD_WORDS, ids=lambda old: old.example)
def test_each_pattern_finds_its_word(old: OldWord) -> None:
    """A check that cannot fail is a defect."""
    name = Name(text=old.example, kind=NameKind.DEFINITION, file="app/example.py")

    assert [found for _, found in old_words_in([name])] == [old]


@pytest.mark.parametrize("exemption", EXEMPTIONS, ids=lambda exemption: exemption.reason)
def test_each_exemption_is_needed(exemption: Exemption) -> None:
    """One that covers nothing would let something in."""
    covered = [name for name in _EVERY if exemption.covers(name)]

    assert any(old.is_in(name) for old in OLD_WORDS for name in covered)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("WarmJail", "_warm_jail_"),
        ("warm-jails.ts", "_warm_jails_ts_"),
        ("_HTTPRoom2", "_http_room_2_"),
        ("JAXERCISE_KEPT_SLOTS", "_jaxercise_kept_slots_"),
    ],
)
def test_a_name_is_taken_apart(text: str, words: str) -> None:
    """A word within a word, as in `headroom`, is none of its own."""
    assert Name(text=text, kind=NameKind.IDENTIFIER, file="x").words == words


def test_names_are_found_wherever_they_stand() -> None:
    """Each kind of file is read; texts and comments are not."""
    code = (
        'def opened(nursery: int) -> None:\n    """Of a warden."""\n'
        '    log(extra={"rehearsed": nursery.room})\n    x["promise"] = "jaxercise_kept_slots"  # told\n'
    )
    found = [
        *python_names("app/x.py", code),
        *script_names("app/x.ts", "const toldOf = 'room' // heard\nwarden(toldOf)"),
        *style_names("app/x.css", ".nursery > a { --room: 1px }"),
        *template_names("app/x.html", '<p class="warden {{ told }}" id="room">{{ standing|x("heard") }}</p>'),
        *headings("docs/x.md", "# The nursery\n\nA warden.\n\n```sh\n# told\n```\n"),
    ]

    assert {(name.text, name.kind) for name, _ in old_words_in(found)} == {
        ("opened", NameKind.DEFINITION),
        ("nursery", NameKind.IDENTIFIER),
        ("rehearsed", NameKind.KEY),
        ("room", NameKind.IDENTIFIER),
        ("promise", NameKind.KEY),
        ("jaxercise_kept_slots", NameKind.METRIC),
        ("toldOf", NameKind.IDENTIFIER),
        ("warden", NameKind.IDENTIFIER),
        ("nursery", NameKind.STYLE),
        ("--room", NameKind.STYLE),
        ("warden", NameKind.STYLE),
        ("told", NameKind.IDENTIFIER),
        ("room", NameKind.STYLE),
        ("standing", NameKind.IDENTIFIER),
        ("The nursery", NameKind.HEADING),
    }


def test_files_of_every_kind_are_read() -> None:
    """A kind that was passed over would hide its names."""
    read = {Path(name.file).suffix for name in _EVERY if name.kind is not NameKind.FILE}

    assert read >= {".py", ".ts", ".css", ".html", ".md"}
    assert any(re.fullmatch(r"_test_.*_", name.words) for name in _EVERY if name.kind is NameKind.TEST)
