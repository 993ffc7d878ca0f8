"""Code in colours, whatever it says, in a time that is that of ordinary code."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name

from app.catalog.highlighting import (
    LONGEST_BLOCK,
    LONGEST_LINE,
    code_listing,
    highlighted,
    with_marked_line,
)
from app.core.submission import CODE_LIMIT_BYTES
from tests.support.checkout import CHECKOUT

_ORDINARY = (CHECKOUT / "app" / "settings.py").read_text()


def filled(unit: str, *, first: str = "", line: int = CODE_LIMIT_BYTES) -> str:
    """As much as a submission may have: lines of `line` characters that begin with `first`."""
    one = (first + unit * line)[: line - 1] + "\n"
    return (one * (CODE_LIMIT_BYTES // len(one) + 1))[:CODE_LIMIT_BYTES]


HOSTILE = {
    "names of characters in a string that is never closed": filled("\\N{", first="'"),
    "the same in lines that have colours": filled("\\N{", first="'", line=LONGEST_LINE),
    "the same in a string of many lines": "'''" + filled("\\N{", line=4)[3:],
    "fields that are never closed": filled("{a[", first="'", line=LONGEST_LINE),
    "formats that are never closed": filled("%(a", first="'", line=LONGEST_LINE),
    "brackets in a field": filled("(", first="f'{", line=LONGEST_LINE),
    "strings in fields": filled("f'{", line=LONGEST_LINE),
    "newlines": "\n" * CODE_LIMIT_BYTES,
    "blanks": filled(" "),
    "docstrings that are never closed": filled('u"""', line=6),
    "soft keywords": filled(" match", line=LONGEST_LINE),
    "soft keywords that end": filled(" _a", first="match ", line=LONGEST_LINE),
    "digits": filled("1_1", line=LONGEST_LINE),
    "dots": filled(".", line=LONGEST_LINE),
    "continuations": filled("\\ ", first="def ", line=LONGEST_LINE),
}


def taken(work: Callable[[], object]) -> float:
    """Seconds of this thread's processor time."""
    start = time.thread_time()
    work()
    return time.thread_time() - start


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_code_takes_little_longer_than_ordinary_code(name: str) -> None:
    """Ten times as long, and not a hundred: Pygments' own way takes 10 s for the first of these."""
    ordinary = (_ORDINARY * 10)[:CODE_LIMIT_BYTES]
    yardstick = taken(lambda: highlighted(ordinary, "python"))
    assert any(taken(lambda: highlighted(HOSTILE[name], "python")) < 10 * yardstick for _ in range(3))


@pytest.mark.parametrize("language", ["bash", "json", "toml", "c", "html", "markdown"])
def test_other_languages_stay_plain_beyond_a_block(language: str) -> None:
    assert "<span" not in highlighted("x = 1\n" * LONGEST_BLOCK, language)
    assert "<span" not in highlighted("x " * LONGEST_LINE, language)


@pytest.mark.parametrize("path", [CHECKOUT / "app" / "settings.py", CHECKOUT / "sandbox" / "jailed.py"])
def test_ordinary_code_looks_as_pygments_has_it(path: Path) -> None:
    """All but docstrings, which have a class of their own there and the same colour."""
    lexer = get_lexer_by_name("python", stripnl=False, ensurenl=False)
    theirs = highlight(path.read_text(), lexer, HtmlFormatter(nowrap=True, classprefix="hl-")).split("\n")
    ours = highlighted(path.read_text(), "python").split("\n")
    assert [a for a, b in zip(ours, theirs, strict=True) if a != b and "hl-sd" not in b] == []


def test_a_line_that_is_too_long_is_plain_and_the_next_one_is_not() -> None:
    first, second = highlighted("x" * LONGEST_LINE + "<\ndef f(): ...", "python").splitlines()
    assert first == "x" * LONGEST_LINE + "&lt;"
    assert second.startswith('<span class="hl-k">def</span>')


def test_a_string_of_several_lines_goes_on_in_the_next() -> None:
    lines = highlighted('x = """a\ndef b"""\ndef c', "python").split("\n")
    assert "hl-k" not in lines[1]
    assert "hl-k" in lines[2]


def test_a_listing_numbers_every_line_and_marks_one() -> None:
    code = 'def f():\n    """a\n    b"""\n\n    return "<x>"\n'
    lines = with_marked_line(code_listing(code), 5).splitlines()
    assert [line.partition('"line-')[2].partition('"')[0] for line in lines] == ["1", "2", "3", "4", "5"]
    assert [line for line in lines if "marked" in line] == lines[4:]
    assert '<li id="line-5" class="marked" aria-label="Line 5, marked"><code>' in lines[4]
    assert "&lt;x&gt;" in lines[4]


def test_no_text_can_be_marked_in_place_of_a_line() -> None:
    marked = with_marked_line(code_listing('<li id="line-2">\n<li id="line-1">\n'), 2)
    assert marked.count('class="marked"') == 1
    assert marked.splitlines()[1].startswith('<li id="line-2" class="marked"')


@given(st.text(alphabet="ab'\"\\#\n\r\t\f(): ", max_size=60), st.booleans())
def test_each_line_of_a_listing_closes_what_it_opens(code: str, in_colours: bool) -> None:
    lines = code_listing(code, in_colours=in_colours).split("\n")[:-1]
    one_newline = code.replace("\r\n", "\n").replace("\r", "\n")
    assert len(lines) == one_newline.count("\n") + (one_newline[-1:] not in ("", "\n"))
    for line in lines:
        assert line.startswith("<li ")
        assert line.endswith("</code></li>")
        assert line.count("<span") == line.count("</span")
