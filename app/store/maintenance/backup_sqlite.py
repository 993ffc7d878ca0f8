"""Backups of SQLite by its online backup, so that the service may go on writing."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.errors import DatabaseRefused
from app.store.engine.database import sqlite_path
from app.store.engine.locked_file import await_turn
from app.store.engine.unavailable import translating
from app.store.engine.url import place_of
from app.store.maintenance.backup_file import becoming

_PATIENCE_SECONDS = 10.0
_BROKEN = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)


def back_up(url: str, file: Path) -> None:
    """Write the database as it is at one moment; it is verified before it appears as `file`."""
    with becoming(file) as part, translating(place_of(url)), _connected(sqlite_path(url), "rw") as source:
        # So that a source that cannot be read is not told as a fault of the copy.
        source.execute("SELECT count(*) FROM sqlite_master").fetchone()
        with translating(f"the file {file}"), _connected(part, "rw") as copy:
            # In one step: it is a reader, which keeps no writer of a write-ahead log waiting. Several steps
            # would begin again with each write, and so might never end.
            source.backup(copy)
            # The copy says of itself that it has a write-ahead log; a backup is one file.
            copy.execute("PRAGMA journal_mode = DELETE")
            _verify(copy, file)


def restore(url: str, file: Path) -> None:
    """Put the backup in the database's place, in one step, once a copy of it was verified.

    Nobody else may have the database open.
    """
    path = sqlite_path(url).resolve()
    with becoming(path) as part:
        with (
            translating(f"the file {file}"),
            _connected(file, "ro") as source,
            _connected(part, "rw") as copy,
        ):
            source.backup(copy)
            _verify(copy, file)
        _as_owned(part, path)
        await_turn(path)
        with translating(place_of(url)):
            _fold_log(path)


def revision_of(file: Path) -> str | None:
    """Return the schema of a backup; None where it has none."""
    with translating(f"the file {file}"), _connected(file, "ro") as source:
        tables = {name for (name,) in source.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if "alembic_version" not in tables:
            return None
        row = source.execute("SELECT version_num FROM alembic_version").fetchone()
    return None if row is None else str(row[0])


@contextmanager
def _connected(path: Path, mode: str) -> Iterator[sqlite3.Connection]:
    """Connect to a file that is there; never make one."""
    address = f"{path.resolve().as_uri()}?mode={mode}"
    connection = sqlite3.connect(address, uri=True, timeout=_PATIENCE_SECONDS, isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()


def _verify(copy: sqlite3.Connection, file: Path) -> None:
    [(found,), *_] = copy.execute("PRAGMA integrity_check(1)").fetchall()
    if found != "ok":
        raise DatabaseRefused(f"{file} is damaged: {' '.join(str(found).split())}.")
    if (row := copy.execute("PRAGMA foreign_key_check").fetchone()) is not None:
        raise DatabaseRefused(f"{file} is damaged: a row of {row[0]} refers to one of {row[2]} that is gone.")


def _as_owned(part: Path, path: Path) -> None:
    """Give the file to whoever ran the service before, who can then run it again if root restores."""
    model = path if path.exists() else path.parent
    found = model.stat()
    if os.geteuid() == 0:
        os.chown(part, found.st_uid, found.st_gid)
    part.chmod(found.st_mode & 0o666 if model == path else 0o600)


def _fold_log(path: Path) -> None:
    """Empty the old file's log, or it would be the new one's. Fails while anybody has the file open."""
    if not path.exists():
        return
    try:
        with _connected(path, "rw") as old:
            old.execute("PRAGMA journal_mode = DELETE").fetchone()
    except sqlite3.DatabaseError as fault:
        if getattr(fault, "sqlite_errorcode", 0) & 0xFF not in (
            sqlite3.SQLITE_NOTADB,
            sqlite3.SQLITE_CORRUPT,
        ):
            raise
        # A damaged file is what a backup is restored for.
    for suffix in ("-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
