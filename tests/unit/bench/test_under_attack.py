"""What the bench of attacks plans, counts and says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.attackers import NETWORKS, Attack, Counts, source_of, status_of
from bench.page_times import PageTimes
from bench.under_attack import Row, added, affordable, plans_for, resident_mb, table

_EVERY = tuple(Attack)


def test_other_attacks_are_in_proportion_to_half_open_connections() -> None:
    plans = {plan.attack: plan.connections for plan in plans_for(_EVERY, 5000, 100)}
    assert (plans[Attack.HALF_OPEN], plans[Attack.STREAMS]) == (5000, 2000)
    assert all(plan.connections >= 1 for plan in plans_for(_EVERY, 1, 100))
    assert [plan.attack for plan in plans_for([Attack.ERRORS], 10, 1)] == [Attack.ERRORS]


@given(connections=st.integers(1, 20_000), files=st.integers(200, 40_000))
def test_one_process_may_hold_all_that_are_planned(connections: int, files: int) -> None:
    """Fewer only where it must be; and of each kind one."""
    wanted = plans_for(_EVERY, connections, 100)
    plans = affordable(wanted, files)
    assert sum(plan.connections for plan in plans) <= files
    assert all(plan.connections >= 1 for plan in plans)
    if sum(plan.connections for plan in wanted) + 64 <= files:
        assert plans == wanted


def test_attackers_come_from_several_networks_and_none_from_the_visitors() -> None:
    sources = {source_of(number) for number in range(1000)}
    assert len(sources) == NETWORKS
    assert "127.0.0.1" not in sources


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"", None),
        (b"HTTP/1.1 4", None),
        (b"HTTP/1.1 429", 429),
        (b"HTTP/1.1 200 OK", 200),
        (b"x" * 40, None),
    ],
)
def test_a_status_is_read_once_it_is_there(head: bytes, status: int | None) -> None:
    assert status_of(head) == status


def test_counts_of_all_at_once_are_the_sum() -> None:
    one, other = Counts(held=1, tried=5, refused=3), Counts(held=2, closed=4, answers=7)
    assert added([one, other]) == Counts(held=3, tried=5, refused=3, closed=4, answers=7)


def test_memory_is_read_in_megabytes() -> None:
    assert resident_mb("Name:\tx\nVmHWM:\t  9216 kB\nVmRSS:\t  2048 kB\n") == 2.0


def _row(p50: float, p95: float, failed: int = 0) -> Row:
    def pages(half: float, rest: float) -> PageTimes:
        return PageTimes.of([half] * 10 + [rest] * 10)

    return Row(
        name="a flood",
        idle=pages(0.01, 0.02),
        attacked=pages(0.01 * p50, 0.02 * p95),
        failed=failed,
        counts=Counts(tried=9, held=5, refused=3, closed=1),
        descriptors=77,
        memory_mb=123.4,
    )


@pytest.mark.parametrize(
    ("row", "word"),
    [
        (_row(1.9, 1.9), "yes"),
        (_row(2.1, 1.9), "no"),
        (_row(1.9, 2.1), "no"),
        (_row(1.0, 1.0, failed=2), "no, 2 failed"),
    ],
)
def test_the_goal_is_twice_the_time_and_every_page(row: Row, word: str) -> None:
    last = table([row]).splitlines()[-1]
    assert last.endswith(f"| 9, 5, 3, 1 | 77 | 123 | {word} |")
    assert row.is_kept == (word == "yes")


def test_a_row_shows_times_and_ratios() -> None:
    head, rule, row = table([_row(1.5, 1.5)]).splitlines()
    assert head.count("|") == rule.count("|") == row.count("|")
    assert "| a flood | 10.0, 20.0, 20.0 | 15.0, 30.0, 30.0 | 1.5, 1.5, 1.5 |" in row
