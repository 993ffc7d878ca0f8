"""The checksum by which a move is believed."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.store.maintenance.move_checksum import TableChecksum

_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(),
    st.binary(),
    st.datetimes(timezones=st.just(UTC)),
)
_ROWS = st.lists(st.lists(_VALUES, min_size=2, max_size=2), max_size=8)


def checksum(rows: list[list[object]]) -> str:
    found = TableChecksum()
    for row in rows:
        found.add(row)
    return found.text


@given(_ROWS, st.randoms())
def test_the_order_of_rows_does_not_count(rows: list[list[object]], random: object) -> None:
    """The two databases sort texts by different rules."""
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert checksum(shuffled) == checksum(rows)


@given(_ROWS, st.lists(_VALUES, min_size=2, max_size=2))
def test_one_row_more_is_noticed(rows: list[list[object]], row: list[object]) -> None:
    assert checksum([*rows, row]) != checksum(rows)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["ab", "c"], ["a", "bc"]),
        (["a", None], [None, "a"]),
        ([0, ""], [False, ""]),
        ([0, ""], [0.0, ""]),
        (["1", ""], [1, ""]),
        (["a", ""], [b"a", ""]),
        ([None, ""], ["", ""]),
        ([0.1 + 0.2, ""], [0.3, ""]),
    ],
)
def test_what_differs_in_kind_or_place_is_another_row(one: list[object], other: list[object]) -> None:
    assert checksum([one]) != checksum([other])


def test_a_moment_is_the_same_in_every_zone() -> None:
    """PostgreSQL tells it in the session's."""
    moment = datetime(2026, 11, 21, 12, 0, 0, 1, tzinfo=UTC)
    elsewhere = moment.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert checksum([[moment]]) == checksum([[elsewhere]])


def test_a_kind_of_column_that_nobody_thought_of_is_refused() -> None:
    with pytest.raises(TypeError, match="a dict"):
        checksum([[{}]])
