"""The queue of a single machine: an index in memory over the submissions rows."""

import asyncio
import heapq
import itertools

from app.jobs.queue import Ticket
from app.store.database import Connection


class EmbeddedQueue:
    """A priority queue for one process. Nothing is lost with it: it is rebuilt from the rows at start."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Ticket]] = []
        self._waiting: dict[str, Ticket] = {}
        self._taken: dict[str, Ticket] = {}
        self._arrivals = itertools.count()
        self._wakeup = asyncio.Event()

    async def enlist(self, connection: Connection, ticket: Ticket) -> None:
        """Nothing to do: the row that is being written is the job."""

    def announce(self, ticket: Ticket) -> None:
        if ticket.submission_id in self._waiting:
            return
        self._waiting[ticket.submission_id] = ticket
        heapq.heappush(self._heap, (-ticket.priority, next(self._arrivals), ticket))
        self._wakeup.set()

    def position(self, submission_id: str) -> int | None:
        if submission_id not in self._waiting:
            return None
        return self.waiting().index(submission_id)

    def waiting(self) -> list[str]:
        live = (entry for entry in self._heap if not entry[2].withdrawn.is_set())
        return [ticket.submission_id for _, _, ticket in sorted(live)]

    def withdraw(self, submission_id: str) -> None:
        for tickets in (self._waiting, self._taken):
            if submission_id in tickets:
                tickets[submission_id].withdrawn.set()
        self._waiting.pop(submission_id, None)

    async def take(self) -> Ticket:
        while True:
            while self._heap:
                ticket = heapq.heappop(self._heap)[2]
                if not ticket.withdrawn.is_set():
                    del self._waiting[ticket.submission_id]
                    self._taken[ticket.submission_id] = ticket
                    return ticket
            self._wakeup.clear()
            await self._wakeup.wait()

    def done(self, ticket: Ticket) -> None:
        if self._taken.get(ticket.submission_id) is ticket:
            del self._taken[ticket.submission_id]
