"""What a database's driver raised, told in one sentence where the database is to blame for it.

Our own mistakes, such as a broken constraint or an unknown column, stay the exceptions that they are.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.errors import DatabaseUnavailable
from app.store.tables import metadata

_SQLITE_REASONS = {
    sqlite3.SQLITE_PERM: "its file may not be opened by this user",
    sqlite3.SQLITE_BUSY: "another process has kept it locked for too long",
    sqlite3.SQLITE_LOCKED: "another process has kept it locked for too long",
    sqlite3.SQLITE_NOMEM: "the memory does not suffice",
    sqlite3.SQLITE_READONLY: "its file or its folder may not be written by this user",
    sqlite3.SQLITE_IOERR: "its disk reports an error, or is full",
    sqlite3.SQLITE_CORRUPT: "its file is damaged: restore a backup",
    sqlite3.SQLITE_FULL: "its disk is full",
    sqlite3.SQLITE_CANTOPEN: "its file cannot be opened: is its folder there, and may this user write in it?",
    sqlite3.SQLITE_PROTOCOL: "another process has kept it locked for too long",
    sqlite3.SQLITE_NOTADB: "its file is not a SQLite database",
}
# All of psycopg's OperationalErrors; what a server says that has become a standby, or that waited in vain for
# a process of ours to end its transaction.
_POSTGRES_FAULTS = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.ReadOnlySqlTransaction,
    psycopg.errors.IdleInTransactionSessionTimeout,
)


@contextmanager
def translating(place: str) -> Iterator[None]:
    """Turn what the block's database cannot help into a sentence that names it; `place` as of `place_of`.

    Raises:
        DatabaseUnavailable: it cannot be reached, written, or used in time, or lacks our tables.
    """
    try:
        yield
    except (DBAPIError, PoolTimeout, sqlite3.Error, psycopg.Error) as fault:
        reason = reason_of(fault)
        if reason is None:
            raise
        raise DatabaseUnavailable(f"{place[0].upper()}{place[1:]} cannot be used: {reason}.") from fault


def reason_of(fault: Exception) -> str | None:
    """Return why the database could not do what was asked; None where it could, and the fault is ours."""
    if isinstance(fault, PoolTimeout):
        return "all connections of this process have been busy for too long"
    raised = fault.orig if isinstance(fault, DBAPIError) else fault
    if (missing := _missing_table(raised)) is not None:
        return f"it has no table {missing}, see `jaxercise db check`"
    if isinstance(raised, sqlite3.Error):
        # Extended codes have their kind in the last byte.
        return _SQLITE_REASONS.get(getattr(raised, "sqlite_errorcode", 0) & 0xFF)
    if isinstance(raised, _POSTGRES_FAULTS):
        return _postgres_reason(raised)
    connecting = isinstance(fault, DBAPIError) and fault.statement is None
    if connecting and not isinstance(fault, IntegrityError):
        return _postgres_reason(raised)
    return None


def _postgres_reason(raised: object) -> str:
    """Return the last failure that libpq tells of, without the address, which the sentence has already."""
    lines = [line.strip() for line in str(raised).splitlines() if line.strip()] or [type(raised).__name__]
    line = lines[-1] if lines[0].startswith("Multiple connection attempts") else lines[0]
    return line.rpartition(" failed: ")[2].removeprefix("FATAL:").removeprefix("ERROR:").strip().rstrip(".")


def _missing_table(raised: object) -> str | None:
    """Return a table of ours that is not there: the schema is another one than this code's."""
    if isinstance(raised, psycopg.errors.UndefinedTable):
        words = str(raised).splitlines()[0].split('"')
        name = words[1].rpartition(".")[2] if len(words) > 1 else ""
    elif isinstance(raised, sqlite3.OperationalError) and str(raised).startswith("no such table: "):
        name = str(raised).removeprefix("no such table: ").rpartition(".")[2]
    else:
        return None
    return name if name in metadata.tables else None
