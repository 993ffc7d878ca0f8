"""What the rest asks of a queue. The submissions table is the truth; a queue says who is next."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from app.core.events import Event, Queued
from app.store.database import Connection

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
        self.withdrawn = asyncio.Event()
        """Set when the verdict is no longer wanted; a worker then stops the run."""


class Queue(Protocol):
    """Hands each enlisted submission to a worker, the most urgent first, then the oldest.

    A submission may be handed out more than once (after a crash, say): the fencing token in its
    row, not the queue, makes sure that one verdict is written.
    """

    async def enlist(self, connection: Connection, ticket: Ticket) -> None:
        """Puts it in, within the transaction that stores the submission."""

    def announce(self, ticket: Ticket) -> None:
        """Says that this transaction has been committed."""

    def position(self, submission_id: str) -> int | None:
        """How many are ahead of it; None if it is not waiting."""

    def waiting(self) -> list[str]:
        """The ids of those who wait, the next one first."""

    def withdraw(self, submission_id: str) -> None:
        """Takes it out, or tells the worker that has it to stop."""

    async def take(self) -> Ticket:
        """Waits for the next one; the taker must say `done` in the end."""

    def done(self, ticket: Ticket) -> None:
        """The taker no longer has it."""


def tell_positions(queue: Queue, publish: Publish) -> None:
    """Lets everybody who waits know their place, as it is now."""
    for position, submission_id in enumerate(queue.waiting()):
        publish(submission_id, Queued(position=position))
