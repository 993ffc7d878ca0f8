"""The slots of a worker: how many at once, what an outage does, how it stops."""

import asyncio
from contextlib import AbstractAsyncContextManager

import pytest

from app.core.events import Queued
from app.core.job import BULK, INTERACTIVE
from app.events.feed import Feed
from app.queue.embedded.queue import EmbeddedQueue
from app.queue.interface import Ticket
from app.worker.consume import Run, consuming
from tests.support.scripted_service import until

pytestmark = pytest.mark.anyio


class Grading:
    """Holds each ticket until it is let go."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.let_go = asyncio.Event()

    async def __call__(self, ticket: Ticket) -> None:
        self.begun.append(ticket.job_id)
        await self.let_go.wait()
        self.ended.append(ticket.job_id)


def queue_of(*names: str, feed: Feed | None = None) -> EmbeddedQueue:
    queue = EmbeddedQueue((feed or Feed()).publish)
    for name in names:
        queue.notify(Ticket(name, INTERACTIVE))
    return queue


def running(
    queue: EmbeddedQueue, run: Run, *, slots: int = 1, drain_seconds: float
) -> AbstractAsyncContextManager[None]:
    return consuming(
        queue,
        run,
        slots=slots,
        reserved_slots=0,
        drain_seconds=drain_seconds,
        after_a_fault_seconds=0.01,
    )


async def test_as_many_run_at_once_as_there_are_slots() -> None:
    grading = Grading()
    async with running(queue_of("a", "b", "c"), grading, slots=2, drain_seconds=5):
        await until(lambda: len(grading.begun) == 2)
        for _ in range(100):  # Turns of the loop: nothing here waits for anything else.
            await asyncio.sleep(0)
        assert grading.begun == ["a", "b"]
        grading.let_go.set()
        await until(lambda: grading.ended == ["a", "b", "c"])


async def test_those_who_wait_hear_their_new_position() -> None:
    grading, feed = Grading(), Feed()
    async with running(queue_of("a", "b", "c", feed=feed), grading, slots=1, drain_seconds=0):
        await until(lambda: grading.begun == ["a"])
        assert (await anext(feed.follow("c"))).event == Queued(position=1)
        assert (await anext(feed.follow("b"))).event == Queued(position=0)


async def test_a_stop_finishes_what_runs_and_begins_nothing() -> None:
    grading, queue = Grading(), queue_of("a", "b")
    async with running(queue, grading, slots=1, drain_seconds=5):
        await until(lambda: grading.begun == ["a"])
        asyncio.get_running_loop().call_later(0.05, grading.let_go.set)
    assert (grading.begun, grading.ended) == (["a"], ["a"])
    assert queue.waiting() == ["b"]


async def test_a_stop_cuts_off_what_takes_too_long() -> None:
    grading = Grading()
    async with asyncio.timeout(60), running(queue_of("a"), grading, slots=1, drain_seconds=0.05):
        await until(lambda: grading.begun == ["a"])
    assert grading.ended == []


async def test_a_submission_comes_again_after_an_outage() -> None:
    """Where even the database can't be reached, the slot waits a moment and tries again."""
    tries: list[str] = []

    async def grade(ticket: Ticket) -> None:
        tries.append(ticket.job_id)
        if len(tries) < 3:
            raise ConnectionError("the database is away")

    async with running(queue_of("a"), grade, drain_seconds=1):
        await until(lambda: tries == ["a", "a", "a"])


async def test_a_withdrawn_submission_does_not_come_again() -> None:
    queue, tries = queue_of("a"), []

    async def grade(ticket: Ticket) -> None:
        tries.append(ticket.job_id)
        if tries.count("b") == 2:
            return
        await queue.cancel("a")
        raise ConnectionError("the database is away")

    async with running(queue, grade, drain_seconds=1):
        await until(lambda: tries == ["a"])
        # One that fails after it comes again, and not before the first would have.
        queue.notify(Ticket("b", INTERACTIVE))
        await until(lambda: tries.count("b") == 2)
    assert tries == ["a", "b", "b"]


def slots_that_are_passed(
    queue: EmbeddedQueue, run: Run, *, after_seconds: float = 0.01, drain_seconds: float = 5
) -> AbstractAsyncContextManager[None]:
    return consuming(
        queue,
        run,
        slots=1,
        reserved_slots=0,
        drain_seconds=drain_seconds,
        after_a_fault_seconds=0.01,
        overtaking_after_seconds=after_seconds,
    )


class Held:
    """Holds each ticket until it is let go by its name; `begun` and `ended` are in order."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.cut_off: list[str] = []
        self._let_go: dict[str, asyncio.Event] = {}

    def let_go(self, name: str) -> None:
        self._let_go.setdefault(name, asyncio.Event()).set()

    async def __call__(self, ticket: Ticket) -> None:
        self.begun.append(ticket.job_id)
        try:
            await self._let_go.setdefault(ticket.job_id, asyncio.Event()).wait()
        except asyncio.CancelledError:
            self.cut_off.append(ticket.job_id)
            raise
        self.ended.append(ticket.job_id)


async def test_learners_pass_a_long_job_where_no_slot_is_reserved() -> None:
    """One of theirs at a time, and none of the less urgent ones."""
    held, queue = Held(), EmbeddedQueue()
    queue.notify(Ticket("proof", BULK))
    async with slots_that_are_passed(queue, held):
        await until(lambda: held.begun == ["proof"])
        for name, priority in (("regrade", BULK), ("a", INTERACTIVE), ("b", INTERACTIVE)):
            queue.notify(Ticket(name, priority))
        await until(lambda: held.begun == ["proof", "a"])
        held.let_go("a")
        await until(lambda: held.begun == ["proof", "a", "b"])
        held.let_go("proof")
        await until(lambda: held.ended == ["a", "proof"])
        for _ in range(100):  # Turns of the loop: nothing here waits for anything else.
            await asyncio.sleep(0)
        assert held.begun == ["proof", "a", "b"]  # The slot is free once "b" has ended, too.
        held.let_go("b")
        await until(lambda: held.begun == ["proof", "a", "b", "regrade"])
        held.let_go("regrade")
    assert queue.taken == set()


async def test_a_short_job_is_not_passed() -> None:
    held, queue = Held(), EmbeddedQueue()
    queue.notify(Ticket("regrade", BULK))
    async with slots_that_are_passed(queue, held, after_seconds=3600):
        await until(lambda: held.begun == ["regrade"])
        queue.notify(Ticket("a", INTERACTIVE))
        for _ in range(100):
            await asyncio.sleep(0)
        assert held.begun == ["regrade"]
        held.let_go("regrade")
        await until(lambda: held.begun == ["regrade", "a"])
        held.let_go("a")


async def test_a_failing_job_does_not_take_the_learner_beside_it_along() -> None:
    held, queue, fails = Held(), EmbeddedQueue(), asyncio.Event()

    async def run(ticket: Ticket) -> None:
        if ticket.job_id == "proof" and not fails.is_set():
            await fails.wait()
            raise ConnectionError("the database is away")
        await held(ticket)

    queue.notify(Ticket("proof", BULK))
    queue.notify(Ticket("a", INTERACTIVE))
    held.let_go("proof")
    async with slots_that_are_passed(queue, run):
        await until(lambda: held.begun == ["a"])
        queue.notify(Ticket("b", INTERACTIVE))
        fails.set()
        for _ in range(100):
            await asyncio.sleep(0)
        held.let_go("a")
        held.let_go("b")
        await until(lambda: held.ended == ["a", "b", "proof"])
    assert held.cut_off == []


async def test_a_stop_gives_both_back_when_they_take_too_long() -> None:
    held, queue = Held(), EmbeddedQueue()
    queue.notify(Ticket("proof", BULK))
    async with asyncio.timeout(60), slots_that_are_passed(queue, held, drain_seconds=0.05):
        await until(lambda: held.begun == ["proof"])
        queue.notify(Ticket("a", INTERACTIVE))
        await until(lambda: held.begun == ["proof", "a"])
    assert sorted(held.cut_off) == ["a", "proof"]
    assert sorted(queue.waiting()) == ["a", "proof"]
    assert queue.taken == set()
