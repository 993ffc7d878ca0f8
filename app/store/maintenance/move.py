"""Everything from one database into another, such as from SQLite to PostgreSQL, and proof that it arrived.

What Procrastinate has of waiting jobs is not moved: it comes again from our table of them, the truth.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Row, Table, select, text
from sqlalchemy.exc import DataError, IntegrityError

from app.core.job import Status
from app.errors import DatabaseRefused
from app.store.engine.database import Connection, Database, is_sqlite
from app.store.engine.exclusive_access import PATIENCE_SECONDS, unused
from app.store.engine.migrate import current, head, upgrade
from app.store.engine.unavailable import translating
from app.store.engine.url import parsed_url, place_of
from app.store.maintenance.emptiness import OF_THE_PLACE, require_empty
from app.store.maintenance.move_checksum import TableChecksum
from app.store.tables import jobs, metadata

# A submission with its verdict has some 10 KB, a figure of a problem some 100 KB.
_ROWS_AT_ONCE = 200

MOVED_TABLES = [table for table in metadata.sorted_tables if table.name not in OF_THE_PLACE]
"""Those that others refer to come first."""


class MovedTable(msgspec.Struct, frozen=True, kw_only=True):
    """What was read from the one, and what the other holds now."""

    name: str
    rows: int
    checksum: str
    rows_there: int
    checksum_there: str

    @property
    def is_whole(self) -> bool:
        return (self.rows, self.checksum) == (self.rows_there, self.checksum_there)


async def move(
    source_url: str,
    target_url: str,
    *,
    on_table: Callable[[MovedTable], None] = lambda table: None,
    patience_seconds: float = PATIENCE_SECONDS,
) -> list[MovedTable]:
    """Copy every table in one transaction on the target; the source stays as it is.

    Raises:
        DatabaseRefused: the target is not empty, the source's schema is not this code's, or a row
            cannot be stored, or came out otherwise than it went in; then nothing was moved.
        DatabaseInUse: a service works on one of the two.
        DatabaseUnavailable: one of the two cannot be reached, read or written.
    """
    _check_source(source_url, target_url)
    source, target = Database(source_url, bounded=False), Database(target_url, bounded=False)
    try:
        async with (
            unused(source, patience_seconds=patience_seconds),
            unused(target, patience_seconds=patience_seconds),
        ):
            require_empty(target_url, "Only an empty database can be moved into.")
            upgrade(target_url)
            return await _copy(source, target, on_table)
    finally:
        await source.close()
        await target.close()


def _check_source(source_url: str, target_url: str) -> None:
    if parsed_url(source_url) == parsed_url(target_url):
        raise DatabaseRefused("The two databases are the same.")
    found = current(source_url)
    if found is None:
        raise DatabaseRefused(f"There is nothing to move in {place_of(source_url)}.")
    if found != head():
        raise DatabaseRefused(
            f"The schema of {place_of(source_url)} is at revision {found}, not at {head()}: "
            "run `jaxercise db upgrade` first."
        )


async def _copy(
    source: Database, target: Database, on_table: Callable[[MovedTable], None]
) -> list[MovedTable]:
    moved = []
    async with source.reading() as reading, target.transaction() as writing:
        if not is_sqlite(source.url):
            # The same moment for all tables, as SQLite gives by itself.
            await reading.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        for table in MOVED_TABLES:
            sent = await _copy_table(table, source, reading, writing)
            found = await _checksum(table, target, writing)
            one = MovedTable(
                name=table.name,
                rows=sent.rows,
                checksum=sent.text,
                rows_there=found.rows,
                checksum_there=found.text,
            )
            on_table(one)
            if not one.is_whole:
                raise DatabaseRefused(
                    f"The rows of {table.name} came out otherwise than they went in: nothing was moved."
                )
            moved.append(one)
    return moved


async def _copy_table(
    table: Table, source: Database, reading: Connection, writing: Connection
) -> TableChecksum:
    sent = TableChecksum()
    async for batch in _batches(table, source, reading):
        going = [_as_moved(table, row) for row in batch]
        for row in going:
            sent.add(row)
        await _insert(table, going, writing)
    return sent


async def _batches(
    table: Table, database: Database, connection: Connection
) -> AsyncIterator[Sequence[Row[Any]]]:
    # Else a fault of the source would be told of the target, whose transaction is the inner one.
    with translating(place_of(database.url)):
        query = select(table).execution_options(yield_per=_ROWS_AT_ONCE)
        async with connection.stream(query) as rows:
            async for batch in rows.partitions():
                yield batch


def _as_moved(table: Table, row: Sequence[Any]) -> list[Any]:
    """Return the row as it goes: what ran when the source was stopped does not run in the target."""
    if table is not jobs:
        return list(row)
    status = list(table.columns).index(table.c.status)
    if row[status] != Status.RUNNING.value:
        return list(row)
    return [*row[:status], Status.QUEUED.value, *row[status + 1 :]]


async def _insert(table: Table, going: Sequence[Sequence[Any]], writing: Connection) -> None:
    names = table.columns.keys()
    try:
        await writing.execute(table.insert(), [dict(zip(names, row, strict=True)) for row in going])
    except (DataError, IntegrityError) as fault:
        # SQLite holds nobody to the length of a text, for one.
        reason = str(fault.orig).partition("\n")[0]
        raise DatabaseRefused(
            f"A row of {table.name} cannot be stored there, nothing was moved: {reason}."
        ) from fault


async def _checksum(table: Table, database: Database, connection: Connection) -> TableChecksum:
    found = TableChecksum()
    async for batch in _batches(table, database, connection):
        for row in batch:
            found.add(row)
    return found
