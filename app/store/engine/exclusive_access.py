"""A database that nobody else works on: one embedded queue a file, none while a command replaces it.

A second embedded queue would take up again what the first is running.
"""

import asyncio
import fcntl
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import text

from app.errors import DatabaseInUse, DatabaseUnavailable
from app.store.engine.database import Database, is_sqlite, sqlite_path
from app.store.engine.locked_file import holder_of
from app.store.engine.url import place_of

# A service that was just killed may hold its lock so long, and a session that has ended be listed.
PATIENCE_SECONDS = 5.0
_RETRY_SECONDS = 0.1
# Services are the same user; a monitoring program, which may stay, is another.
_OTHERS = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user"
    " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
)

_log = logging.getLogger("jaxercise")


@asynccontextmanager
async def sole_owner(
    database: Database, *, patience_seconds: float = PATIENCE_SECONDS
) -> AsyncIterator[None]:
    """Hold a SQLite database's lock while the block lasts; the kernel frees it if the process dies.

    Raises:
        DatabaseInUse: another process holds it.
        DatabaseUnavailable: the file of the lock cannot be made beside the database.
    """
    path = sqlite_path(database.url)
    lock = path.with_name(f"{path.name}.lock")
    try:
        file = lock.open("w")
    except OSError as fault:
        raise DatabaseUnavailable(
            f"The database {path} cannot be used: {lock.name} beside it cannot be written ({fault.strerror})."
        ) from None
    with file:
        await _insist(lambda: _flock(file.fileno()), path, lock, patience_seconds)
        yield


@asynccontextmanager
async def unused(database: Database, *, patience_seconds: float = PATIENCE_SECONDS) -> AsyncIterator[None]:
    """Keep services out while the block lasts on SQLite; on PostgreSQL none was there at its start.

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


async def _flock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


async def _insist(
    attempt: Callable[[], Awaitable[bool]], path: Path, lock: Path, patience_seconds: float
) -> None:
    deadline = asyncio.get_running_loop().time() + patience_seconds
    reported = False
    while not await attempt():
        holder = holder_of(lock)
        if asyncio.get_running_loop().time() > deadline:
            raise DatabaseInUse(f"Another service is running on {path}, {holder}: stop it first.")
        if not reported:
            _log.warning("waiting up to %g s for %s, which %s works on", patience_seconds, path, holder)
        reported = True
        await asyncio.sleep(_RETRY_SECONDS)
