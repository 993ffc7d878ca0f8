"""Listening to what other processes say through PostgreSQL."""

import asyncio
import logging
from collections.abc import AsyncIterator

from psycopg import AsyncConnection, sql

from app.store.engine.database import POSTGRES_ARGUMENTS
from app.store.engine.url import conninfo

_AFTER_AN_OUTAGE_SECONDS = 1.0
_HEARTBEAT_SECONDS = 5.0

_log = logging.getLogger("jaxercise.live")


async def listen(url: str, channel: str) -> AsyncIterator[str | None]:
    """Give every notification's payload; None at the start, and after each outage: some were missed."""
    silent = False
    while True:
        try:
            connection = await AsyncConnection.connect(
                conninfo(url),
                autocommit=True,
                **POSTGRES_ARGUMENTS,  # type: ignore[arg-type]
            )
            async with connection:
                await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
                silent = False
                yield None
                while True:
                    async for notification in connection.notifies(timeout=_HEARTBEAT_SECONDS):
                        yield notification.payload
                    # A connection that hangs half-open is found out here.
                    await connection.execute("SELECT 1")
        except Exception as fault:
            if not silent:
                _log.warning("no live events from elsewhere (%s); trying again", type(fault).__name__)
            silent = True
            await asyncio.sleep(_AFTER_AN_OUTAGE_SECONDS)
