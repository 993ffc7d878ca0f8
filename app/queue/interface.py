"""What the rest asks of a queue. The submissions table is the truth; a queue says who is next."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from app.core.events import Event
from app.store.engine.database import Connection

Publish = Callable[[str, Event], None]
"""Tells the followers of a submission what happened to it."""

INTERACTIVE = 10
"""Priority of a learner's own submission; higher goes first."""
BULK = 0
"""Priority of regrades."""


class Ticket:
    """One submission in the queue, or taken by a worker."""

    def __init__(self, submission_id: str, priority: int) -> None:
        self.submission_id = submission_id
        self.priority = priority
        self.cancelled = asyncio.Event()
        """Set when the verdict is no longer wanted; a worker then stops the run."""


Grade = Callable[[Ticket], Awaitable[None]]
"""Takes a ticket to its stored verdict. Where it raises, the ticket comes again a moment later; where it is
cancelled, because a worker stops, it comes again at once, to whoever works then."""


class Queue(Protocol):
    """Hands each enlisted submission to a worker, the most urgent first, then the oldest.

    A submission may be handed out more than once (after a crash, say): the fencing token in its
    row, not the queue, makes sure that one verdict is written. Enlisting one that waits changes nothing.
    """

    async def enqueue(self, connection: Connection, ticket: Ticket) -> None:
        """Puts it in, within the transaction that stores the submission."""

    def notify(self, ticket: Ticket) -> None:
        """Says that this transaction has been committed."""

    async def positions(self, submission_ids: Collection[str]) -> dict[str, int]:
        """How many are ahead of each of these; none of those that do not wait."""

    async def cancel(self, submission_id: str) -> None:
        """Takes it out, or tells the worker that has it to stop."""

    def working(
        self, grade: Grade, *, slots: int, reserved_slots: int, drain_seconds: float
    ) -> AbstractAsyncContextManager[None]:
        """Has tickets graded while the block lasts, `slots` at a time.

        Of more than one slot `reserved_slots` (all but one at most) take what is `INTERACTIVE` only. At the
        end of the block nothing new begins; runs under way get `drain_seconds`, and are then cancelled.
        """


def bulk_slots(slots: int, reserved_slots: int) -> int:
    """How many of a worker's slots may take anything."""
    return max(1, slots - reserved_slots)
