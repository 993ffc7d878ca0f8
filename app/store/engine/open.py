"""A database that is ready for use."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.store.engine.database import Database
from app.store.engine.migrate import upgrade


@asynccontextmanager
async def open_database(url: str) -> AsyncIterator[Database]:
    """Bring the schema up to date, and close all connections at the end of the block."""
    await asyncio.to_thread(upgrade, url)
    database = Database(url)
    try:
        yield database
    finally:
        await database.close()
