"""What the rest asks of a queue. The table of jobs is the truth; a queue says who is next."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from app.core.events import Event
from app.store.engine.database import Connection

Publish = Callable[[str, Event], None]
"""Tells the followers of a job what happened to it."""


class Ticket:
    """One job in the queue, or taken by a worker."""

    def __init__(self, job_id: str, priority: int) -> None:
        self.job_id = job_id
        self.priority = priority
        self.cancelled = asyncio.Event()
        """Set when the result is no longer wanted; a worker then stops the run."""


class Source(Protocol):
    """Where the slots of one worker take jobs from. A ticket that was taken ends with `done` or `release`."""

    async def take(self, *, at_least: int) -> Ticket | None:
        """Wait for the next job of that priority or a higher one; None once the source was stopped."""

    def done(self, ticket: Ticket) -> None:
        """Forget the job: it ended, or something else will bring it again."""

    def release(self, ticket: Ticket) -> None:
        """Let the job be taken again, by whoever works."""

    def stop(self) -> None:
        """Hand out nothing more; what was taken stays with its takers."""


class Queue(Protocol):
    """Hands each job to a worker, the most urgent first, then the oldest.

    A job may be handed out more than once (after a crash, say): the fencing token in its row, not the queue,
    makes sure that one result is written. Enqueueing one that waits changes nothing.
    """

    async def enqueue(self, connection: Connection, ticket: Ticket) -> None:
        """Put it in, within the transaction that stores the job."""

    def notify(self, ticket: Ticket) -> None:
        """Say that this transaction has been committed."""

    async def positions(self, job_ids: Collection[str]) -> dict[str, int]:
        """Return how many are ahead of each of these; none of those that do not wait."""

    async def cancel(self, job_id: str) -> None:
        """Take it out, or tell the worker that has it to stop."""

    def handing_out(self, slots: Sequence[int]) -> AbstractAsyncContextManager[Source]:
        """Hand out jobs while the block lasts, to as many takers as there are `slots`.

        Each number is the least priority that this slot takes.
        """
