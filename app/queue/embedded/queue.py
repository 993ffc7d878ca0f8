"""The queue of a single machine: an index in memory over the submissions rows."""

import asyncio
import heapq
import itertools
from collections import Counter
from collections.abc import Collection
from contextlib import AbstractAsyncContextManager

from app.core.events import Event, Queued
from app.queue.embedded.consume import EmbeddedSlots
from app.queue.interface import BULK, INTERACTIVE, Grade, Publish, Ticket
from app.store.engine.database import Connection


def _publish_nothing(submission_id: str, event: Event) -> None:
    pass


class EmbeddedQueue:
    """A priority queue for one process. Nothing is lost with it: it is rebuilt from the rows at start.

    Those who wait are told their place through `publish` whenever it changes, regrades only at first.
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
        """Nothing to do: the row that is being written is the job."""

    def notify(self, ticket: Ticket) -> None:
        if ticket.submission_id in self._waiting:
            return
        self._waiting[ticket.submission_id] = ticket
        heapq.heappush(self._heap, (-ticket.priority, next(self._arrivals), ticket))
        self._wakeup.set()
        ahead = sum(count for priority, count in self._counts.items() if priority >= ticket.priority)
        self._counts[ticket.priority] += 1
        self._publish(ticket.submission_id, Queued(position=ahead))

    async def positions(self, submission_ids: Collection[str]) -> dict[str, int]:
        asked = set(submission_ids) & self._waiting.keys()
        # Whoever asks of those who do not wait should not pay for those who do.
        return {found: place for place, found in enumerate(self.waiting()) if found in asked} if asked else {}

    def waiting(self, *, at_least: int = BULK) -> list[str]:
        """The ids of those of that priority who wait, the next one first."""
        live = (entry for entry in self._heap if -entry[0] >= at_least and not entry[2].cancelled.is_set())
        return [ticket.submission_id for _, _, ticket in sorted(live)]

    async def cancel(self, submission_id: str) -> None:
        for tickets in (self._waiting, self._taken):
            if submission_id in tickets:
                tickets[submission_id].cancelled.set()
        if submission_id in self._waiting:
            self._no_longer_waits(self._waiting[submission_id])
            self._publish_positions()

    def working(
        self, grade: Grade, *, slots: int, reserved_slots: int, drain_seconds: float
    ) -> AbstractAsyncContextManager[None]:
        return EmbeddedSlots(self, grade, slots=slots, reserved_slots=reserved_slots).running(
            drain_seconds=drain_seconds
        )

    async def take(self, *, at_least: int = BULK) -> Ticket:
        """Waits for the next one of that priority; the taker must say `done` in the end."""
        while True:
            while self._heap and -self._heap[0][0] >= at_least:
                ticket = heapq.heappop(self._heap)[2]
                if not ticket.cancelled.is_set():
                    self._no_longer_waits(ticket)
                    self._taken[ticket.submission_id] = ticket
                    self._publish_positions()
                    return ticket
            self._wakeup.clear()
            await self._wakeup.wait()

    def done(self, ticket: Ticket) -> None:
        """The taker no longer has it."""
        if self._taken.get(ticket.submission_id) is ticket:
            del self._taken[ticket.submission_id]

    def _no_longer_waits(self, ticket: Ticket) -> None:
        del self._waiting[ticket.submission_id]
        self._counts[ticket.priority] -= 1

    def _publish_positions(self) -> None:
        # Learners wait in front of a page; who waits for ten thousand regrades asks for their places.
        for position, submission_id in enumerate(self.waiting(at_least=INTERACTIVE)):
            self._publish(submission_id, Queued(position=position))
