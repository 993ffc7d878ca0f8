"""One embedded queue a database: a second one would take up again what the first is running."""

import asyncio
import fcntl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from app.errors import DatabaseInUse, DatabaseUnavailable
from app.store.engine.database import Database, sqlite_path

# A service that was just killed may hold its lock a moment longer.
PATIENCE_SECONDS = 5.0
_RETRY_SECONDS = 0.1


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
        await _insist(lambda: _flock(file.fileno()), str(path), patience_seconds)
        yield


async def _flock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


async def _insist(attempt: Callable[[], Awaitable[bool]], what: str, patience_seconds: float) -> None:
    deadline = asyncio.get_running_loop().time() + patience_seconds
    while not await attempt():
        if asyncio.get_running_loop().time() > deadline:
            raise DatabaseInUse(f"Another service is running on {what}: stop it first.")
        await asyncio.sleep(_RETRY_SECONDS)
