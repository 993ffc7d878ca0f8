"""The connection to the database: the only place that commits."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import event, make_url, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

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

# Any constant will do, as long as nobody else on the same database uses it.
_POSTGRES_LOCK = 0x6A61_7866


class Database:
    """SQLite or PostgreSQL, by URL. Opens connections when they are needed."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._engine = _sqlite_engine(url) if is_sqlite(url) else _postgres_engine(url)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Commits when the block ends, rolls back when it raises.

        On SQLite the write lock is taken at the start, so a transaction that reads and then
        writes can neither be overtaken nor fail half-way because another one wrote in between.
        """
        async with self._engine.connect() as connection:
            await connection.execution_options(sqlite_begin="BEGIN IMMEDIATE")
            async with connection.begin():
                yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Connection]:
        """A consistent view without a lock; whatever is written in it is rolled back."""
        async with self._engine.connect() as connection:
            yield connection
            await connection.rollback()

    async def ping(self) -> None:
        """Returns if the database answers."""
        async with self.reading() as connection:
            await connection.execute(text("SELECT 1"))

    @asynccontextmanager
    async def advisory_lock(self) -> AsyncIterator[Callable[[], Awaitable[bool]]]:
        """PostgreSQL only: yields an attempt to lock, whose lock lasts as long as the block."""
        async with self._engine.connect() as connection:
            # Outside a transaction, since PostgreSQL holds up its cleaning for open ones.
            await connection.execution_options(isolation_level="AUTOCOMMIT")

            async def attempt() -> bool:
                query = text("SELECT pg_try_advisory_lock(:key)")
                return bool((await connection.execute(query, {"key": _POSTGRES_LOCK})).scalar_one())

            yield attempt
            await connection.invalidate()

    async def close(self) -> None:
        await self._engine.dispose()


def savepoint(connection: Connection) -> AbstractAsyncContextManager[object]:
    """What fails in the block is undone by itself; the transaction around it goes on."""
    return connection.begin_nested()


def is_sqlite(url: str) -> bool:
    return url.startswith("sqlite:")


def sqlite_path(url: str) -> Path:
    """The file of a `sqlite:///…` URL."""
    return Path(make_url(url).database or "")


def _sqlite_engine(url: str) -> AsyncEngine:
    path = sqlite_path(url)
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(make_url(url).set(drivername="sqlite+aiosqlite"))

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


def _postgres_engine(url: str) -> AsyncEngine:
    return create_async_engine(url, pool_pre_ping=True, connect_args=POSTGRES_ARGUMENTS)
