"""A database that is ready for use: waiting for it at a start and in an outage, and its schema of today."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from psycopg import pq

from app.errors import DatabaseUnavailable
from app.store.engine.database import POSTGRES_ARGUMENTS, Database, is_sqlite
from app.store.engine.migrate import upgrade
from app.store.engine.url import conninfo, place_of

_LOOK_AGAIN_SECONDS = 0.5

_Found = TypeVar("_Found")

_log = logging.getLogger("jaxercise")


async def await_database(url: str, *, patience_seconds: float) -> None:
    """Wait until it answers, whatever it answers: a wrong password is told by the first query, and at once.

    A server that cannot be reached, or is still starting, is waited for, so that machines may come up in
    any order. Returns as well when the patience is over; the first query tells what is wrong then. SQLite is
    not waited for.
    """
    if is_sqlite(url):
        return
    asked = f"{conninfo(url)} connect_timeout={POSTGRES_ARGUMENTS['connect_timeout']}".encode()
    deadline = time.monotonic() + patience_seconds
    reported = False
    while await asyncio.to_thread(pq.PGconn.ping, asked) in (pq.Ping.REJECT, pq.Ping.NO_RESPONSE):
        left = deadline - time.monotonic()
        if left <= 0:
            return
        if not reported:
            place = place_of(url)
            _log.warning("%s does not take connections yet; waiting for up to %g s", place, patience_seconds)
        reported = True
        await asyncio.sleep(min(left, _LOOK_AGAIN_SECONDS))


@asynccontextmanager
async def open_database(url: str) -> AsyncIterator[Database]:
    """Bring the schema up to date, and close all connections at the end of the block."""
    await asyncio.to_thread(upgrade, url)
    database = Database(url)
    try:
        yield database
    finally:
        await database.close()


async def retry_until_available(step: Callable[[], Awaitable[_Found]]) -> _Found:
    """Do it again and again while the database is away; safe for whatever an attempt's number guards."""
    reported = False
    while True:
        try:
            return await step()
        except DatabaseUnavailable as fault:
            if not reported:
                _log.warning("a run waits for the database: %s", fault)
            reported = True
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)
