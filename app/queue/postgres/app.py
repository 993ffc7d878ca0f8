"""Procrastinate on our database: where it connects, and how a job is put in with its row."""

from typing import Any

from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued
from psycopg import AsyncConnection

from app.core.job import INTERACTIVE
from app.queue.interface import Ticket
from app.queue.postgres.job_manager import OwnedJobs
from app.store.engine.database import POSTGRES_ARGUMENTS, Connection, savepoint
from app.store.engine.url import conninfo

TASK = "run"
INTERACTIVE_QUEUE = "interactive"
BULK_QUEUE = "bulk"
# A worker fetches, finishes and beats; that is little beside what a run takes.
_CONNECTIONS = 4
_PATIENCE_SECONDS = 5.0
# A worker that is stopped in the middle of a statement would keep its job locked, and nobody could take over.
_BOUNDS = "SET statement_timeout = '15s'; SET idle_in_transaction_session_timeout = '5s'"


def make_app(url: str) -> App:
    """Return it, not opened yet. What enqueues within a transaction needs no connection of its own."""
    connector = PsycopgConnector(
        conninfo=conninfo(url),
        kwargs=dict(POSTGRES_ARGUMENTS),
        min_size=1,
        max_size=_CONNECTIONS,
        timeout=_PATIENCE_SECONDS,
        reconnect_timeout=_PATIENCE_SECONDS,
        configure=_bound,
    )
    app = App(connector=connector)
    app.job_manager = OwnedJobs(connector)
    return app


async def _bound(connection: AsyncConnection[Any]) -> None:
    # A transaction that is rolled back would take the settings with it. What listens stays as it is: within
    # a transaction it would hear nothing.
    before = connection.autocommit
    await connection.set_autocommit(True)
    await connection.execute(_BOUNDS)
    await connection.set_autocommit(before)


async def enqueue(app: App, connection: Connection, ticket: Ticket) -> None:
    """Put the job in, in the transaction of `connection`; one that waits stays as it is."""
    raw = await connection.get_raw_connection()
    queue = INTERACTIVE_QUEUE if ticket.priority >= INTERACTIVE else BULK_QUEUE
    deferrer = app.configure_task(
        TASK,
        queue=queue,
        priority=ticket.priority,
        queueing_lock=ticket.job_id,
        connection=raw.driver_connection,
    )
    try:
        # A clash would otherwise end the whole transaction.
        async with savepoint(connection):
            await deferrer.defer_async(job_id=ticket.job_id)
    except AlreadyEnqueued:
        pass
