"""The index follows the table: everything at a start, then what other processes ask for or cancel."""

import asyncio
import itertools
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from app.core.job import BULK, CONFIRMING, INTERACTIVE, WATCHED
from app.queue.embedded.queue import EmbeddedQueue
from app.queue.interface import Ticket
from app.store.engine.database import Database
from app.store.queries import jobs

_LOOK_SECONDS = 1.0
# Whoever asks sets that moment, and may wait for the database before it can commit.
_LOOK_BACK = timedelta(minutes=1)
_WHOLE_EACH = 60
_EVER = datetime.min.replace(tzinfo=UTC)
_PRIORITIES = (INTERACTIVE, CONFIRMING, WATCHED, BULK)

_log = logging.getLogger("jaxercise.worker")


async def rebuild_queue(database: Database, queue: EmbeddedQueue) -> int:
    """Fill an embedded queue from the rows, oldest first; return how many there are.

    Only for the one process that works: what says `running` was cut off by the end of the last one.
    """
    async with database.transaction() as connection:
        await jobs.requeue_all_running(connection)
        waiting = await jobs.unfinished(connection)
    queue.notify_all(map(Ticket.of, waiting))
    return len(waiting)


@asynccontextmanager
async def following_table(
    database: Database, queue: EmbeddedQueue, *, look_seconds: float = _LOOK_SECONDS
) -> AsyncIterator[None]:
    """Look each second, while the block lasts, for what other processes have written, such as a command."""
    following = asyncio.create_task(_follow(database, queue, look_seconds))
    try:
        yield
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


async def _follow(database: Database, queue: EmbeddedQueue, look_seconds: float) -> None:
    for look in itertools.count(1):
        await asyncio.sleep(look_seconds)
        try:
            # Now and then at all of them: the table is the truth, whatever the index may have missed.
            await look_at_table(database, queue, whole=look % _WHOLE_EACH == 0)
        except Exception as fault:
            # Whoever works says so; the next look is soon.
            _log.debug("no look for jobs of other processes: %s", type(fault).__name__)


async def look_at_table(database: Database, queue: EmbeddedQueue, *, whole: bool = False) -> None:
    """Take in the jobs that were asked for elsewhere lately, and stop those that were ended elsewhere.

    With `whole`, whenever they were asked for.
    """
    async with database.reading() as connection:
        since = _EVER if whole else datetime.now(UTC) - _LOOK_BACK
        waiting = await jobs.queued_since(connection, since, _PRIORITIES)
        ended = await jobs.ended_of(connection, queue.taken)
    queue.notify_all(Ticket.of(found) for found in waiting if not queue.knows(found.id))
    for job_id in ended:
        await queue.cancel(job_id)
