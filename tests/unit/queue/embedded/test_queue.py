"""The embedded queue's order and bookkeeping."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.job import BULK, INTERACTIVE
from app.queue.embedded.queue import EmbeddedQueue
from app.queue.interface import Ticket

pytestmark = pytest.mark.anyio


def filled(*tickets: tuple[str, int]) -> EmbeddedQueue:
    queue = EmbeddedQueue()
    for submission_id, priority in tickets:
        queue.notify(Ticket(submission_id, priority))
    return queue


def taken(queue: EmbeddedQueue, count: int) -> list[str]:
    async def take() -> list[str]:
        return [(await queue.take()).job_id for _ in range(count)]

    return asyncio.run(take())


@given(priorities=st.lists(st.sampled_from([INTERACTIVE, BULK, 5])), cancelled=st.sets(st.integers(0, 20)))
def test_the_most_urgent_goes_first_then_the_oldest(priorities: list[int], cancelled: set[int]) -> None:
    """Positions, the list of those who wait and the order of taking all agree; the withdrawn are skipped."""
    queue = filled(*((str(n), priority) for n, priority in enumerate(priorities)))
    for n in cancelled:
        asyncio.run(queue.cancel(str(n)))
    left = [n for n in range(len(priorities)) if n not in cancelled]
    expected = [str(n) for n in sorted(left, key=lambda n: (-priorities[n], n))]
    assert queue.waiting() == expected
    positions = asyncio.run(queue.positions([str(n) for n in range(len(priorities))]))
    assert positions == {submission_id: place for place, submission_id in enumerate(expected)}
    assert taken(queue, len(expected)) == expected
    assert queue.waiting() == []


async def test_a_taker_waits_for_the_next_arrival() -> None:
    queue = filled()
    taker = asyncio.create_task(queue.take())
    await asyncio.sleep(0)
    assert not taker.done()
    queue.notify(Ticket("late", INTERACTIVE))
    assert (await asyncio.wait_for(taker, 60)).job_id == "late"


async def test_two_takers_never_get_the_same() -> None:
    queue = filled()
    takers = [asyncio.create_task(queue.take()) for _ in range(3)]
    await asyncio.sleep(0)
    for name in ("a", "b", "c"):
        queue.notify(Ticket(name, INTERACTIVE))
    found = await asyncio.wait_for(asyncio.gather(*takers), 60)
    assert sorted(ticket.job_id for ticket in found) == ["a", "b", "c"]


async def test_a_taker_that_gives_up_loses_nothing() -> None:
    queue = filled()
    taker = asyncio.create_task(queue.take())
    await asyncio.sleep(0)
    queue.notify(Ticket("a", INTERACTIVE))
    taker.cancel()
    await asyncio.gather(taker, return_exceptions=True)
    assert queue.waiting() == ["a"]


async def test_announcing_twice_is_once() -> None:
    queue = filled(("a", INTERACTIVE), ("a", INTERACTIVE))
    await queue.take()
    assert queue.waiting() == []


async def test_withdrawing_reaches_the_worker_that_has_it() -> None:
    queue = filled(("a", INTERACTIVE))
    ticket = await queue.take()
    assert await queue.positions(["a"]) == {}
    await queue.cancel("a")
    assert ticket.cancelled.is_set()


async def test_a_ticket_that_is_done_with_is_forgotten() -> None:
    queue = filled(("a", INTERACTIVE))
    ticket = await queue.take()
    queue.done(ticket)
    await queue.cancel("a")
    assert not ticket.cancelled.is_set()
