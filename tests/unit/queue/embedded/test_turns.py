"""The order of those that learners wait for, over any crowd; PostgreSQL's is in tests/integration."""

import itertools
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from app.core.job import INTERACTIVE
from app.queue.embedded.turns import Turns
from app.queue.interface import Ticket

_numbers = itertools.count()
# Few accounts and networks meet more often than many. Who has no network has solved something.
_people = st.tuples(st.integers(0, 5), st.sampled_from([None, "n1", "n2"]))


def ticket(account: object, network: str | None = None) -> Ticket:
    return Ticket(f"job {next(_numbers)}", INTERACTIVE, account=f"account {account}", network=network)


@given(steps=st.lists(st.one_of(_people, st.none()), max_size=60))
def test_everybody_runs_once_in_the_order_that_was_told(
    steps: list[tuple[int, str | None] | None],
) -> None:
    """Whatever comes between: the next one is who was said to be, and an account's own order is kept."""
    turns, asked, had = Turns(), [], []
    for step in [*steps, *[None] * len(steps)]:
        if step is not None:
            asked.append(ticket(*step))
            turns.add(asked[-1])
        elif len(turns):
            seen = list(turns.in_order())
            had.append(turns.take())
            assert had[-1] is seen[0]
            assert list(turns.in_order()) == seen[1:]
            # Nothing that is kept of an order stands in the way of one that is made anew.
            turns._order = None
            assert list(turns.in_order()) == seen[1:]
    assert sorted(map(id, had)) == sorted(map(id, asked))
    for account in {one.account for one in asked}:
        assert [t for t in had if t.account == account] == [t for t in asked if t.account == account]


@given(steps=st.lists(st.one_of(st.integers(0, 5), st.none()), max_size=80))
def test_nobody_who_waits_is_passed_twice_by_the_same_account(steps: list[int | None]) -> None:
    """However many anybody sends: who has one waiting has a turn before the same other has two."""
    turns = Turns()
    passed: dict[str | None, set[str | None]] = {}
    for step in steps:
        if step is not None:
            turns.add(come := ticket(step))
            passed.setdefault(come.account, set())
        elif len(turns):
            taken = turns.take().account
            waiting = {one.account for one in turns.in_order()}
            del passed[taken]
            for account in passed:
                assert taken not in passed[account]
                passed[account].add(taken)
            passed |= {taken: set()} if taken in waiting else {}


def delay_of(come: Ticket, *, crowd: list[Ticket], slots: int, after: int) -> int:
    """How many runs begin before it, when `after` of the crowd's have ended and each slot has one."""
    turns = Turns()
    for one in crowd:
        turns.add(one)
    for _ in range(after + slots):
        turns.take()
    turns.add(come)
    return next(count for count in itertools.count() if turns.take() is come)


@given(
    of_each=st.integers(1, 3),
    slots=st.integers(1, 8),
    after=st.integers(0, 200),
    network=st.sampled_from([None, "b"]),
)
def test_three_hundred_new_accounts_of_one_network_delay_nobody_else(
    of_each: int, slots: int, after: int, network: str | None
) -> None:
    """An old account and a newcomer of another network wait for what is under way, one run a slot."""
    crowd = [ticket(number, "a") for _ in range(of_each) for number in range(300)]
    assert delay_of(ticket("other", network), crowd=crowd, slots=slots, after=after) == 0


def test_three_hundred_networks_do_and_old_accounts_too_wait_for_their_turns() -> None:
    """What turns cannot help against; an invitation can."""
    crowd = [ticket(number, f"network {number}") for number in range(300)]
    assert delay_of(ticket("other"), crowd=crowd, slots=1, after=0) == 299


def test_a_class_of_eighty_has_one_run_each_before_anybody_has_two() -> None:
    turns = Turns()
    for number in range(80):
        for _ in range(3):
            turns.add(ticket(number, "school"))
    for _ in range(3):
        assert len({turns.take().account for _ in range(80)}) == 80


def test_what_is_remembered_of_turns_is_bounded() -> None:
    turns = Turns(turns_remembered=10)
    for number in range(100):
        turns.add(ticket(number, f"network {number}"))
        turns.take()
    assert len(turns._taken) == 10
    assert not turns._lanes


def test_what_was_put_back_runs_before_what_its_account_asked_for_later() -> None:
    """A ticket that comes again has the moment at which it was asked for."""
    first, second = (
        Ticket(name, INTERACTIVE, account="a", asked_at=datetime(2026, 1, day, tzinfo=UTC))
        for name, day in (("first", 1), ("second", 2))
    )
    turns = Turns()
    turns.add(first)
    turns.add(second)
    assert turns.take() is first
    turns.add(first.again())
    assert [one.job_id for one in turns.in_order()] == ["first", "second"]
