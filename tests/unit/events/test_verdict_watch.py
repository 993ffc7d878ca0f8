"""One look for all who follow, after a silence."""

import asyncio
from collections.abc import Mapping
from contextlib import ExitStack

import pytest

from app.errors import DatabaseUnavailable
from app.events.verdict_watch import VerdictWatch
from app.store.queries.verdicts import NumberedVerdict
from tests.unit.events.test_follow import VERDICT

pytestmark = pytest.mark.anyio

FIRST = NumberedVerdict(number=1, verdict=VERDICT)


class Store:
    """Remembers what it was asked for, and knows what it is given."""

    def __init__(self) -> None:
        self.asked: list[dict[str, int]] = []
        self.later: dict[str, NumberedVerdict | None] = {}

    async def read_later(self, known: Mapping[str, int]) -> Mapping[str, NumberedVerdict | None]:
        self.asked.append(dict(known))
        return {name: found for name, found in self.later.items() if name in known}


async def test_a_thousand_followers_are_one_question() -> None:
    """Of submissions that several follow each is asked for once; what is found goes to each of them."""
    store = Store()
    watch = VerdictWatch(store.read_later, silent_seconds=0)
    with ExitStack() as held:
        watches = [held.enter_context(watch.watching(f"s{n % 400}", after=0)) for n in range(1000)]
        await watch._look()
        assert store.asked == [{f"s{n}": 0 for n in range(400)}]
        store.later = {"s7": FIRST}
        await watch._look()
        found = [one for one in watches if one.found.done()]
        assert [one.submission_id for one in found] == ["s7"] * 3
        assert [one.take() for one in found] == [VERDICT] * 3
        # Whoever was told knows it now, and is not told again.
        store.later = {}
        await watch._look()
        assert store.asked[-1]["s7"] == 1
    await watch._look()
    assert len(store.asked) == 3


async def test_so_many_ids_as_a_statement_takes_are_asked_for_at_once() -> None:
    store = Store()
    watch = VerdictWatch(store.read_later, silent_seconds=0)
    with ExitStack() as held:
        for number in range(1201):
            held.enter_context(watch.watching(f"s{number}", after=0))
        await watch._look()
    assert [len(asked) for asked in store.asked] == [500, 500, 201]


async def test_only_those_are_looked_for_whom_nothing_is_told() -> None:
    """Live events put a look off: it could find the verdict before the events that lead to it are told."""
    store = Store()
    watch = VerdictWatch(store.read_later, silent_seconds=3600)
    with watch.watching("told", after=0), watch.watching("silent", after=0) as silent:
        silent.silent_since -= 3601
        await watch._look()
        await watch._look()
    assert store.asked == [{"silent": 0}]


async def test_of_two_followers_the_one_that_knows_less_is_told() -> None:
    store = Store()
    store.later = {"s": FIRST}
    watch = VerdictWatch(store.read_later, silent_seconds=0)
    with watch.watching("s", after=0) as early, watch.watching("s", after=1) as late:
        await watch._look()
        assert (early.found.done(), late.found.done()) == (True, False)


async def test_it_goes_on_whatever_the_store_does() -> None:
    """It is away, or it is broken: the next look comes."""
    looks = 0

    async def read_later(known: Mapping[str, int]) -> Mapping[str, NumberedVerdict | None]:
        nonlocal looks
        looks += 1
        if looks < 3:
            raise DatabaseUnavailable if looks == 1 else ValueError
        return dict.fromkeys(known)

    watch = VerdictWatch(read_later, silent_seconds=0.01)
    async with asyncio.timeout(60), watch.running():
        with watch.watching("s", after=0) as follower:
            assert await follower.found is None
    assert looks >= 3
