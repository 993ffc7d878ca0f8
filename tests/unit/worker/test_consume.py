"""The slots of a worker: how many at once, what an outage does, how it stops."""

import asyncio
from contextlib import AbstractAsyncContextManager

import pytest

from app.core.events import Queued
from app.core.job import INTERACTIVE
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
