"""Backups of either database: what is asked for, refused and told is the same for both."""

from pathlib import Path

import msgspec

from app.errors import DatabaseRefused
from app.store.engine.database import Database, is_sqlite
from app.store.engine.exclusive_access import PATIENCE_SECONDS, unused
from app.store.engine.migrate import current, head, knows
from app.store.engine.url import place_of
from app.store.maintenance import backup_postgresql, backup_sqlite
from app.store.maintenance.backup_file import is_of_sqlite
from app.store.maintenance.emptiness import require_empty


class Backup(msgspec.Struct, frozen=True, kw_only=True):
    """A backup file and the schema that it has."""

    file: Path
    size_bytes: int
    revision: str


def back_up(url: str, file: Path) -> Backup:
    """Write everything into one new file, while services go on working.

    Raises:
        DatabaseRefused: the file exists, there is nothing to back up, or a tool failed.
        DatabaseUnavailable: the database cannot be read, or the file's disk is full.
    """
    if file.exists():
        raise DatabaseRefused(f"{file} exists already: give another name, or remove it.")
    if current(url) is None:
        raise DatabaseRefused(f"There is nothing to back up in {place_of(url)}.")
    (backup_sqlite if is_sqlite(url) else backup_postgresql).back_up(url, file)
    return read_backup(file)


async def restore(
    url: str, file: Path, *, overwrite: bool, patience_seconds: float = PATIENCE_SECONDS
) -> Backup:
    """Put what the file holds in the place of everything that is there; all of it or nothing.

    Raises:
        DatabaseRefused: the file is damaged, of the other database, or newer than this code; or the
            database is not empty, without `overwrite`.
        DatabaseInUse: a service works on the database.
        DatabaseUnavailable: the database cannot be reached or written.
    """
    found = read_backup(file)
    if is_of_sqlite(file) is not is_sqlite(url):
        kind, other = ("SQLite", "PostgreSQL") if is_of_sqlite(file) else ("PostgreSQL", "SQLite")
        raise DatabaseRefused(
            f"{file} is a backup of {kind}, and the database is {other}: restore it where it came from, "
            "then `jaxercise db move` it."
        )
    if not knows(found.revision):
        raise DatabaseRefused(
            f"{file} has the schema {found.revision}, and this Jaxercise knows {head()} at most: "
            "install a newer one first."
        )
    database = Database(url, bounded=False)
    try:
        async with unused(database, patience_seconds=patience_seconds):
            if not overwrite:
                require_empty(url, "With --overwrite all of it is replaced.")
            (backup_sqlite if is_sqlite(url) else backup_postgresql).restore(url, file)
    finally:
        await database.close()
    return found


def read_backup(file: Path) -> Backup:
    """Return what the file says of itself.

    Raises:
        DatabaseRefused: it is no backup of ours.
    """
    revision = (backup_sqlite if is_of_sqlite(file) else backup_postgresql).revision_of(file)
    if revision is None:
        raise DatabaseRefused(f"{file} is no backup of Jaxercise's: it has no schema.")
    return Backup(file=file, size_bytes=file.stat().st_size, revision=revision)
