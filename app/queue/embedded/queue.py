"""The queue of a single machine: an index in memory over the table of jobs."""

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager

from app.core.events import Event, Queued
from app.core.job import BULK, CONFIRMING, INTERACTIVE, TURNS_BEFORE_CONFIRMING
from app.queue.embedded.turns import Turns
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
        self._turns = Turns()
        """Those that learners wait for; in the heap are the others, the cancelled among them."""
        self._heap: list[tuple[int, int, Ticket]] = []
        self._waiting: dict[str, Ticket] = {}
        self._taken: dict[str, Ticket] = {}
        self._arrivals = itertools.count()
        self._turns_in_a_row = 0
        self._wakeup = asyncio.Event()

    async def enqueue(self, connection: Connection, ticket: Ticket) -> None:
        """Do nothing: the row that is being written is the job."""

    def notify(self, ticket: Ticket) -> None:
        self.notify_all([ticket])

    def notify_all(self, tickets: Iterable[Ticket]) -> None:
        """Take in several; their places are worked out once."""
        come = [ticket for ticket in tickets if ticket.job_id not in self._waiting]
        for ticket in come:
            self._waiting[ticket.job_id] = ticket
            if ticket.priority >= INTERACTIVE:
                self._turns.add(ticket)
            else:
                heapq.heappush(self._heap, (-ticket.priority, next(self._arrivals), ticket))
        if come:
            self._wakeup.set()
            # Whoever comes may be ahead of those who were there.
            self._publish_positions()

    async def positions(self, job_ids: Collection[str]) -> dict[str, int]:
        asked = set(job_ids) & self._waiting.keys()
        # Whoever asks of those who do not wait should not pay for those who do.
        return {found: place for place, found in enumerate(self.waiting()) if found in asked} if asked else {}

    def waiting(self, *, at_least: int = BULK) -> list[str]:
        """Return the ids of those of that priority who wait, the next one first."""
        first = [ticket.job_id for ticket in self._turns.in_order()]
        live = (entry for entry in self._heap if -entry[0] >= at_least and not entry[2].cancelled.is_set())
        return first + [ticket.job_id for _, _, ticket in sorted(live)]

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
        if (ticket := self._waiting.pop(job_id, None)) is not None and ticket.priority >= INTERACTIVE:
            self._turns.remove(ticket)
            self._publish_positions()

    @asynccontextmanager
    async def handing_out(self, slots: Sequence[int]) -> AsyncIterator["EmbeddedSource"]:
        yield EmbeddedSource(self)

    async def take(self, *, at_least: int = BULK) -> Ticket:
        """Wait for the next one of that priority; the taker must say `done` in the end."""
        while (ticket := self._next(at_least)) is None:
            self._wakeup.clear()
            await self._wakeup.wait()
        del self._waiting[ticket.job_id]
        self._taken[ticket.job_id] = ticket
        self._publish_positions()
        return ticket

    def done(self, ticket: Ticket) -> None:
        """Forget a ticket that was taken."""
        if self._taken.get(ticket.job_id) is ticket:
            del self._taken[ticket.job_id]

    def _next(self, at_least: int) -> Ticket | None:
        is_due = at_least < INTERACTIVE and self._turns_in_a_row >= TURNS_BEFORE_CONFIRMING
        if is_due and (ticket := self._next_of_others(CONFIRMING)) is not None:
            self._turns_in_a_row = 0
            return ticket
        if self._turns:
            self._turns_in_a_row += 1
            return self._turns.take()
        self._turns_in_a_row = 0
        return self._next_of_others(at_least)

    def _next_of_others(self, at_least: int) -> Ticket | None:
        while self._heap and -self._heap[0][0] >= at_least:
            ticket = heapq.heappop(self._heap)[2]
            if not ticket.cancelled.is_set():
                return ticket
        return None

    def _publish_positions(self) -> None:
        # Learners wait in front of a page; who waits for ten thousand regrades asks for their places. A job
        # that is no submission's has no page that follows it, and its history would never end.
        for position, ticket in enumerate(self._turns.in_order()):
            self._publish(ticket.job_id, Queued(position=position))


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
        self._queue.notify(ticket.again())

    def stop(self) -> None:
        self._stopping.set()
