"""The queue of a single machine: an index in memory over the table of jobs."""

import asyncio
import heapq
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager

from app.core.events import Event, Queued
from app.core.job import BULK, INTERACTIVE
from app.queue.interface import Publish, Ticket
from app.store.engine.database import Connection


def _publish_nothing(job_id: str, event: Event) -> None:
    pass


class EmbeddedQueue:
    """A priority queue for one process. Nothing is lost with it: it is rebuilt from the rows at start.

    Learners are told their place through `publish` whenever it changes; of the less urgent whoever watches
    asks for it.
    """

    def __init__(self, publish: Publish = _publish_nothing) -> None:
        self._publish = publish
        self._heap: list[tuple[int, int, Ticket]] = []
        self._waiting: dict[str, Ticket] = {}
        self._counts: Counter[int] = Counter()
        self._taken: dict[str, Ticket] = {}
        self._arrivals = itertools.count()
        self._wakeup = asyncio.Event()

    async def enqueue(self, connection: Connection, ticket: Ticket) -> None:
        """Do nothing: the row that is being written is the job."""

    def notify(self, ticket: Ticket) -> None:
        if ticket.job_id in self._waiting:
            return
        self._waiting[ticket.job_id] = ticket
        heapq.heappush(self._heap, (-ticket.priority, next(self._arrivals), ticket))
        self._wakeup.set()
        ahead = sum(count for priority, count in self._counts.items() if priority >= ticket.priority)
        self._counts[ticket.priority] += 1
        # A job that is no submission's has no page that follows it, and its history would never end.
        if ticket.priority >= INTERACTIVE:
            self._publish(ticket.job_id, Queued(position=ahead))

    async def positions(self, job_ids: Collection[str]) -> dict[str, int]:
        asked = set(job_ids) & self._waiting.keys()
        # Whoever asks of those who do not wait should not pay for those who do.
        return {found: place for place, found in enumerate(self.waiting()) if found in asked} if asked else {}

    def waiting(self, *, at_least: int = BULK) -> list[str]:
        """Return the ids of those of that priority who wait, the next one first."""
        live = (entry for entry in self._heap if -entry[0] >= at_least and not entry[2].cancelled.is_set())
        return [ticket.job_id for _, _, ticket in sorted(live)]

    @property
    def taken(self) -> set[str]:
        """The ids of those that are being run."""
        return set(self._taken)

    def knows(self, job_id: str) -> bool:
        """Say whether the job waits here, or is being run."""
        return job_id in self._waiting or job_id in self._taken

    async def cancel(self, job_id: str) -> None:
        for tickets in (self._waiting, self._taken):
            if job_id in tickets:
                tickets[job_id].cancelled.set()
        if job_id in self._waiting:
            self._no_longer_waits(self._waiting[job_id])
            self._publish_positions()

    @asynccontextmanager
    async def handing_out(self, slots: Sequence[int]) -> AsyncIterator["EmbeddedSource"]:
        yield EmbeddedSource(self)

    async def take(self, *, at_least: int = BULK) -> Ticket:
        """Wait for the next one of that priority; the taker must say `done` in the end."""
        while True:
            while self._heap and -self._heap[0][0] >= at_least:
                ticket = heapq.heappop(self._heap)[2]
                if not ticket.cancelled.is_set():
                    self._no_longer_waits(ticket)
                    self._taken[ticket.job_id] = ticket
                    self._publish_positions()
                    return ticket
            self._wakeup.clear()
            await self._wakeup.wait()

    def done(self, ticket: Ticket) -> None:
        """Forget a ticket that was taken."""
        if self._taken.get(ticket.job_id) is ticket:
            del self._taken[ticket.job_id]

    def _no_longer_waits(self, ticket: Ticket) -> None:
        del self._waiting[ticket.job_id]
        self._counts[ticket.priority] -= 1

    def _publish_positions(self) -> None:
        # Learners wait in front of a page; who waits for ten thousand regrades asks for their places.
        for position, job_id in enumerate(self.waiting(at_least=INTERACTIVE)):
            self._publish(job_id, Queued(position=position))


class EmbeddedSource:
    """One worker's way to the queue of its own process, which can be stopped by itself."""

    def __init__(self, queue: EmbeddedQueue) -> None:
        self._queue = queue
        self._stopping = asyncio.Event()

    async def take(self, *, at_least: int) -> Ticket | None:
        if self._stopping.is_set():
            return None
        take = asyncio.ensure_future(self._queue.take(at_least=at_least))
        stop = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait({take, stop}, return_when=asyncio.FIRST_COMPLETED)
            return take.result() if take.done() else None
        finally:
            take.cancel()
            stop.cancel()

    def done(self, ticket: Ticket) -> None:
        self._queue.done(ticket)

    def release(self, ticket: Ticket) -> None:
        self._queue.done(ticket)
        self._queue.notify(Ticket(ticket.job_id, ticket.priority))

    def stop(self) -> None:
        self._stopping.set()
