"""Asking for a job: its row, the limits, and its place in the queue, in one transaction."""

from collections.abc import Callable
from typing import Literal

import msgspec

from app.core.job import INTERACTIVE, Job
from app.errors import QueueFull
from app.queue.interface import Queue, Ticket
from app.store.engine.database import Connection
from app.store.queries import jobs

_FOR_NEWCOMERS = 5
"""Times as many as may wait otherwise: as far as that, room is kept for accounts with nothing waiting."""

RefusalReason = Literal["queue_full", "learner_limit"]
"""Why a job was turned away that might be taken a minute later."""


def ignore_refusal(_: RefusalReason) -> None:
    """Do nothing, for callers who do not count refusals."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How many jobs that learners wait for may wait, in all and of one account.

    Where `in_all` wait, who has something waiting is turned away, and whoever has nothing waiting is taken in
    with one: an account with turns of its own always, since there are no more of those than have solved
    something; one that takes its network's turns while fewer than `in_all` accounts wait in that network, and
    fewer than five times as many jobs in all.
    """

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
        await _require_place(connection, job, limits, on_refused)
    stored = await jobs.insert_job(connection, job)
    ticket = Ticket.of(stored)
    await queue.enqueue(connection, ticket)
    return ticket


async def _require_place(
    connection: Connection, job: Job, limits: Limits, on_refused: Callable[[RefusalReason], None]
) -> None:
    waiting = await jobs.count_waiting(
        connection, at_least=INTERACTIVE, user_id=job.user_id, network=job.network
    )
    if waiting.of_account >= limits.of_one_account:
        on_refused("learner_limit")
        raise QueueFull(f"You have {limits.of_one_account} submissions waiting. Try again in a minute.")
    if waiting.in_all < limits.in_all:
        return
    if waiting.of_account:
        on_refused("queue_full")
        raise QueueFull(
            "Too many submissions are waiting to take another one of yours. "
            "Try again when one that you have waiting is graded."
        )
    if job.network is not None and (
        waiting.accounts_of_network >= limits.in_all or waiting.in_all >= _FOR_NEWCOMERS * limits.in_all
    ):
        on_refused("queue_full")
        raise QueueFull
