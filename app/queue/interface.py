"""What the rest asks of a queue. The table of jobs is the truth; a queue says who is next."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol, Self

from app.core.events import Event
from app.core.job import Job
from app.store.engine.database import Connection

Publish = Callable[[str, Event], None]
"""Tells the followers of a job what happened to it."""


class Ticket:
    """One job in the queue, or taken by a worker."""

    def __init__(
        self,
        job_id: str,
        priority: int,
        *,
        account: str | None = None,
        network: str | None = None,
        asked_at: datetime | None = None,
    ) -> None:
        self.job_id = job_id
        self.priority = priority
        self.account = account
        self.network = network
        """Whose turn it takes; None where the account has turns of its own."""
        self.asked_at = asked_at
        self.cancelled = asyncio.Event()
        """Set when the result is no longer wanted; a worker then stops the run."""

    @classmethod
    def of(cls, job: Job) -> Self:
        """Return a ticket for the job."""
        return cls(job.id, job.priority, account=job.user_id, network=job.network, asked_at=job.created_at)

    def again(self) -> Self:
        """Return another ticket for the same job."""
        return type(self)(
            self.job_id,
            self.priority,
            account=self.account,
            network=self.network,
            asked_at=self.asked_at,
        )


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
    """Hands each job to a worker, the most urgent first, then the oldest; where learners wait, by turns.

    What learners wait for lies in lanes, which take turns: of a job with a network that network's lane, of
    any other its account's. Next is the lane that had no turn yet, and of several the one that has waited
    longest; then the one whose last turn is the longest ago. Inside a network accounts take turns in the same
    way, but one that had none yet comes after those whose last turn was before its first job: there whoever
    makes accounts without end would else keep out all others. An account is in one lane with all that it has
    waiting, that of its latest job, and its jobs run in the order in which they were asked for.

    One that is to confirm what counts only then (`CONFIRMING`) goes behind them, but not for ever: of what a
    slot for anything is handed, every fifth is such a one where any waits. Else whoever always has something
    waiting would have nothing of others ever count.

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
