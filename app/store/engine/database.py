"""The connection to the database: the only place that commits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from app.core.paths import make_private_folder
from app.errors import DatabaseUnavailable
from app.store.engine.unavailable import translating
from app.store.engine.url import parsed_url, place_of

Connection = AsyncConnection
"""What query functions take: a connection inside a transaction that somebody above them opened."""

_SQLITE_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA busy_timeout = 10000",
    "PRAGMA foreign_keys = ON",
)
# Half-open connections would otherwise hang a request for as long as the kernel likes.
POSTGRES_ARGUMENTS = {
    "connect_timeout": 3,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
_POOL_WAIT_SECONDS = 5.0
# A little longer than a writer waits for its turn, while it keeps its connection.
_SQLITE_POOL_WAIT_SECONDS = 15.0
_POOLED_CONNECTIONS = 10
_MORE_CONNECTIONS = 10


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """How long a request waits for PostgreSQL."""

    statement_seconds: float = 15.0
    """The server gives up a query that never ends."""
    idle_seconds: float = 10.0
    """And locks that were taken by a process that was stopped in the middle of a transaction."""
    transaction_seconds: float = 20.0
    """This process gives up a server that is reached but answers nothing."""

    @property
    def settings(self) -> tuple[str, ...]:
        """What the server is told by each connection; not by its options, which poolers refuse."""
        return (
            f"SET statement_timeout = {round(self.statement_seconds * 1000)}",
            f"SET idle_in_transaction_session_timeout = {round(self.idle_seconds * 1000)}",
        )


_BOUNDS = Bounds()


class Database:
    """SQLite or PostgreSQL, by URL. Opens connections when they are needed.

    Waiting for the database is bounded, as requests need it, so a transaction may not last longer
    than some seconds; where not `bounded` it may, for commands that read or write everything.
    """

    def __init__(self, url: str, *, bounded: bool = True, bounds: Bounds = _BOUNDS) -> None:
        self.url = url
        self._place = place_of(url)
        self._seconds = bounds.transaction_seconds if bounded and not is_sqlite(url) else None
        self._engine = (
            _sqlite_engine(url) if is_sqlite(url) else _postgres_engine(url, bounds if bounded else None)
        )

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Commit when the block ends, roll back when it raises.

        On SQLite the write lock is taken at the start, so a transaction that reads and then
        writes can neither be overtaken nor fail half-way because another one wrote in between.

        Raises:
            DatabaseUnavailable: the database cannot be reached, or cannot do its part for another reason.
        """
        async with self._connected() as connection:
            await connection.execution_options(sqlite_begin="BEGIN IMMEDIATE")
            async with connection.begin():
                yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Connection]:
        """Read without a lock, consistently on SQLite; whatever is written is rolled back.

        Raises:
            DatabaseUnavailable: as above.
        """
        async with self._connected() as connection:
            yield connection
            await connection.rollback()

    async def ping(self) -> None:
        """Return if the database answers."""
        async with self.reading() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        await self._engine.dispose()

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Connection]:
        limit = asyncio.timeout(self._seconds)
        try:
            with translating(self._place):
                async with limit, self._engine.connect() as connection:
                    yield connection
        except TimeoutError as fault:
            if not limit.expired():
                raise
            place = f"{self._place[0].upper()}{self._place[1:]}"
            raise DatabaseUnavailable(f"{place} has not answered within {self._seconds:g} s.") from fault


def savepoint(connection: Connection) -> AbstractAsyncContextManager[object]:
    """Undo by itself what fails in the block; the transaction around it goes on."""
    return connection.begin_nested()


def is_sqlite(url: str) -> bool:
    return url.startswith("sqlite:")


def sqlite_path(url: str) -> Path:
    """Return the file of a `sqlite:///…` URL."""
    return Path(parsed_url(url).database or "")


def make_folder_of(path: Path) -> None:
    """Make the folder that a SQLite file is to lie in.

    Raises:
        DatabaseUnavailable: it cannot be made.
    """
    try:
        # What learners wrote and hashes of their passwords are nobody else's on this machine.
        make_private_folder(path.parent)
    except OSError as fault:
        raise DatabaseUnavailable(
            f"The database {path} cannot be used: its folder cannot be made ({fault.strerror}); "
            "JAXERCISE_DATA_DIR or JAXERCISE_DATABASE_URL must name a place where this user may write."
        ) from fault


def _sqlite_engine(url: str) -> AsyncEngine:
    make_folder_of(sqlite_path(url))
    engine = create_async_engine(
        parsed_url(url).set(drivername="sqlite+aiosqlite"),
        hide_parameters=True,
        pool_timeout=_SQLITE_POOL_WAIT_SECONDS,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, record: object) -> None:
        # The driver would otherwise begin transactions by its own rules, and late.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in _SQLITE_PRAGMAS:
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", "BEGIN"))

    return engine


def _postgres_engine(url: str, bounds: Bounds | None) -> AsyncEngine:
    engine = create_async_engine(
        parsed_url(url),
        # Parameters are learners' code and hashes of passwords; errors end up in logs.
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=_POOLED_CONNECTIONS,
        max_overflow=_MORE_CONNECTIONS,
        pool_timeout=_POOL_WAIT_SECONDS,
        connect_args=POSTGRES_ARGUMENTS,
    )
    if bounds is not None:

        @event.listens_for(engine.sync_engine, "connect")
        def prepare(connection: Any, record: object) -> None:
            # A transaction that is rolled back would take the settings with it.
            connection.autocommit = True
            cursor = connection.cursor()
            for setting in bounds.settings:
                cursor.execute(setting)
            cursor.close()
            connection.autocommit = False

    return engine
