"""No service works on a database while a command replaces or moves what is in it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text

from app.errors import DatabaseInUse
from app.store.engine.database import Database, is_sqlite
from app.store.engine.single_writer import PATIENCE_SECONDS, sole_owner
from app.store.engine.url import place_of

_RETRY_SECONDS = 0.1
# Services are the same user; a monitoring program, which may stay, is another.
_OTHERS = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user"
    " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
)


@asynccontextmanager
async def unused(database: Database, *, patience_seconds: float = PATIENCE_SECONDS) -> AsyncIterator[None]:
    """On SQLite no service can start while the block lasts; on PostgreSQL none was there at its start.

    Raises:
        DatabaseInUse: somebody else works on it.
    """
    if is_sqlite(database.url):
        async with sole_owner(database, patience_seconds=patience_seconds):
            yield
        return
    # A session that has just ended is listed for a moment longer.
    deadline = asyncio.get_running_loop().time() + patience_seconds
    while (others := await _other_sessions(database)) > 0:
        if asyncio.get_running_loop().time() > deadline:
            raise DatabaseInUse(
                f"{others} other connections use {place_of(database.url)}: stop all services first."
            )
        await asyncio.sleep(_RETRY_SECONDS)
    yield


async def _other_sessions(database: Database) -> int:
    async with database.reading() as connection:
        return int((await connection.execute(_OTHERS)).scalar_one())
