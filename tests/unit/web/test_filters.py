"""The filters of templates: numbers, times, differences, printed text."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.outcome import Outcome
from app.core.verdict import CaseResult, Difference, Number, Visibility
from app.web import filters


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "–"),
        (0.0, "0"),
        (1.2e-7, "1.2e-7"),
        (31.4, "31"),
        (0.934, "0.93"),
        (5.27, "5.3"),
        (314.0, "3.1e2"),
        (float("inf"), "inf"),
    ],
)
def test_errors_are_two_digits_and_a_power(value: float | None, shown: str) -> None:
    assert filters.error_size(value) == shown


@pytest.mark.parametrize(
    ("score", "shown"),
    [(1.0, "100 %"), (0.999, "99 %"), (1 / 6, "17 %"), (0.58, "58 %"), (0.001, "1 %"), (0.0, "0 %")],
)
def test_a_score_is_rounded_but_reads_full_or_none_only_where_it_is(score: float, shown: str) -> None:
    assert filters.percent(score) == shown


def test_times_carry_their_unit() -> None:
    assert [filters.duration(s) for s in (None, 0.0512, 1.26)] == ["–", "51 ms", "1.3 s"]
    assert filters.moment(datetime(2026, 3, 4, 5, 6, tzinfo=UTC)) == "4 Mar 2026, 05:06 UTC"


def test_printed_colours_and_cursor_moves_are_removed() -> None:
    assert filters.plain_text("\x1b[1;31mred\x1b[0m \x1b]0;title\x07x\x08\ttab\r\nend") == "red x\ttab\nend"


def test_a_carriage_return_starts_its_line_anew() -> None:
    assert filters.plain_text("epoch 1\repoch 2\ndone") == "epoch 2\ndone"


@given(st.text())
def test_no_printed_text_keeps_a_control_character(printed: str) -> None:
    shown = filters.plain_text(printed)
    assert not any(ord(character) < 32 and character not in "\t\n" for character in shown)


@given(st.text())
def test_text_without_control_characters_is_shown_as_it_is(printed: str) -> None:
    harmless = "".join(c for c in printed if c in "\t\n" or (ord(c) >= 32 and not 0x7F <= ord(c) < 0xA0))
    assert filters.plain_text(harmless) == harmless


def test_backticks_become_code_and_everything_else_is_escaped() -> None:
    assert filters.with_code("`a < b` and <b>") == "<code>a &lt; b</code> and &lt;b&gt;"
    assert filters.with_code("one ` alone") == "one ` alone"


@pytest.mark.parametrize(
    ("expected", "got", "shown"),
    [
        (-0.9598233103752136, 0.5, ("-0.959823", "0.5")),
        (0.1, 0.1000000001, ("0.1", "0.1000000001")),
        (1.2e-7, -3.4e12, ("1.2e-7", "-3.4e12")),
        (2**63 - 1, 2**63 - 2, ("9223372036854775807", "9223372036854775806")),
        (True, False, ("True", "False")),
        (1.0, None, ("1", "not finite")),
    ],
)
def test_two_numbers_that_differ_are_shown_differently(
    expected: Number, got: Number | None, shown: tuple[str, str]
) -> None:
    """With as few digits as that takes."""
    assert filters.number_pair(Difference(at=(0,), expected=expected, got=got)) == shown


def test_both_parts_of_a_complex_number_are_shown() -> None:
    found = Difference(at=(), expected=1.0, expected_imaginary=-0.5, got=None, got_imaginary=2.0)
    assert filters.number_pair(found) == ("1-0.5j", "not finite")


@pytest.mark.parametrize(
    ("listed", "mismatched", "words"),
    [
        (1, 1, "The number that differs"),
        (3, 3, "The 3 numbers that differ"),
        (5, 12, "The first 5 of 12 numbers that differ"),
    ],
)
def test_a_list_of_differences_says_of_how_many(listed: int, mismatched: int, words: str) -> None:
    result = CaseResult(
        name="short",
        visibility=Visibility.SAMPLE,
        outcome=Outcome.WRONG_VALUE,
        points=1,
        mismatched=mismatched,
        differences=(Difference(at=(0,), expected=1.0, got=2.0),) * listed,
    )
    assert filters.differences_words(result) == words


def _row(name: str, group: str) -> CaseResult:
    return CaseResult(name=name, visibility=Visibility.SAMPLE, outcome=Outcome.PASSED, points=1, group=group)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ((), ""),
        (("short-again",), "`short-again` is the same call made once more, after the others."),
        (("short-fresh-1", "short-fresh-2"), "`short-fresh-1` is its case with numbers"),
        (("short-fresh-1", "short-again"), "after the others; `short-fresh-1` is its case"),
    ],
)
def test_rows_that_repeat_a_case_are_explained(names: tuple[str, ...], said: str) -> None:
    rows = [
        _row("short", "short"),
        *(_row(name, "short") for name in names),
        _row("parameters", "parameters"),
    ]
    words = filters.repeats_words(rows)
    assert said in words
    assert bool(words) is bool(names)


def test_rows_of_a_verdict_from_before_there_were_groups_say_nothing() -> None:
    assert filters.repeats_words([_row("short-again", "")]) == ""
