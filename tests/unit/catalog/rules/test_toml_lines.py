"""Every key that `tomllib` reads has the line on which it stands."""

import tomllib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalog.rules.toml_lines import Place, TomlLines, key_text
from tests.support.broken_folders import MANIFEST
from tests.support.checkout import CHECKOUT

_TEXT = """\
# id = 1
title = "a # b" # c = 2
"a b".'c.d' = 1
a.b.c = 2
a.b.d = [
  1, # [x]
  [ 2, "]",
    3 ],
]
long = \"\"\"
x = 1
[no]
\\\"\"\"\"\"\"
raw = '''
y = 1'''''
date = 2026-11-30 12:00:00
[t]
k = { a = 1, b.c = { d = [ 4 ] } }
[[list]]
k = 1
[list.sub]
k = 2
[[list]]
k = 3
[[list.inner]]
k = 4
[[list.inner]]
k = 5
[ t . u ]
k = 6
"""


def _places(value: object, place: Place = ()) -> Iterator[Place]:
    if place:
        yield place
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _places(item, (*place, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _places(item, (*place, index))


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_each_key_and_item_has_its_line(end: str) -> None:
    lines = TomlLines(_TEXT.replace("\n", end))
    found = {key_text(place): lines.line_of(place) for place in _places(tomllib.loads(_TEXT))}
    assert found == {
        "title": 2,
        '"a b"': 3,
        '"a b"."c.d"': 3,
        "a": 4,
        "a.b": 4,
        "a.b.c": 4,
        "a.b.d": 5,
        "a.b.d[0]": 6,
        "a.b.d[1]": 7,
        "a.b.d[1][0]": 7,
        "a.b.d[1][1]": 7,
        "a.b.d[1][2]": 8,
        "long": 10,
        "raw": 14,
        "date": 16,
        "t": 17,
        "t.k": 18,
        "t.k.a": 18,
        "t.k.b": 18,
        "t.k.b.c": 18,
        "t.k.b.c.d": 18,
        "t.k.b.c.d[0]": 18,
        "list": 19,
        "list[0]": 19,
        "list[0].k": 20,
        "list[0].sub": 21,
        "list[0].sub.k": 22,
        "list[1]": 23,
        "list[1].k": 24,
        "list[1].inner": 25,
        "list[1].inner[0]": 25,
        "list[1].inner[0].k": 26,
        "list[1].inner[1]": 27,
        "list[1].inner[1].k": 28,
        "t.u": 29,
        "t.u.k": 30,
    }


@pytest.mark.parametrize(
    "text",
    [MANIFEST, *(path.read_text() for path in sorted((CHECKOUT / "problems").glob("*/problem.toml")))],
)
def test_the_line_of_a_key_of_a_problem_holds_that_key(text: str) -> None:
    lines = TomlLines(text)
    written = text.split("\n")
    for place in _places(tomllib.loads(text)):
        line = lines.line_of(place)
        assert line is not None
        names = [step for step in place if isinstance(step, str)]
        assert names[-1] in written[line - 1]


def test_what_is_missing_has_the_line_of_what_should_hold_it() -> None:
    lines = TomlLines(_TEXT)
    assert lines.line_of(("list", 1, "k", "x")) == 24
    assert lines.line_of(("list", 1, "name")) == 23
    assert lines.line_of(("nothing",)) is None


@given(st.text(alphabet="ab=.[]{}\"'#\n\\, 1", max_size=60))
def test_any_text_is_scanned_to_an_end(text: str) -> None:
    """And where it is TOML, every key of it has a line."""
    lines = TomlLines(text)
    try:
        keys = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    count = text.count("\n") + 1
    assert all(1 <= (lines.line_of(place) or 0) <= count for place in _places(keys))
