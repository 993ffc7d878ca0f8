"""Asking for a job: its row, the limits, and its place in the queue, in one transaction."""

from collections.abc import Callable
from typing import Literal

import msgspec

from app.core.job import INTERACTIVE, Job
from app.errors import QueueFull
from app.queue.interface import Queue, Ticket
from app.store.engine.database import Connection
from app.store.queries import jobs

RefusalReason = Literal["queue_full", "learner_limit"]
"""Why a job was turned away that might be taken a minute later."""


def ignore_refusal(_: RefusalReason) -> None:
    """Do nothing, for callers who do not count refusals."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How many jobs that learners wait for may wait, in all and of one account."""

    in_all: int
    of_one_account: int


async def ask_for(
    connection: Connection,
    queue: Queue,
    job: Job,
    *,
    limits: Limits | None = None,
    on_refused: Callable[[RefusalReason], None] = ignore_refusal,
) -> Ticket:
    """Store the job and put it into the queue; say `queue.notify` with the ticket after the commit.

    Where a job of the same kind about the same subject is not done yet, the ticket is that one's.

    Raises:
        QueueFull: too many wait, or too many of this account's.
    """
    if limits is not None:
        if await jobs.count_waiting(connection, at_least=INTERACTIVE) >= limits.in_all:
            on_refused("queue_full")
            raise QueueFull
        mine = await jobs.count_waiting(connection, at_least=INTERACTIVE, user_id=job.user_id)
        if mine >= limits.of_one_account:
            on_refused("learner_limit")
            raise QueueFull(f"You have {limits.of_one_account} submissions waiting. Try again in a minute.")
    stored = await jobs.insert_job(connection, job)
    ticket = Ticket(stored.id, stored.priority)
    await queue.enqueue(connection, ticket)
    return ticket
