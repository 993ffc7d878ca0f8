"""A backup as a file: which database it is of, and how it comes to be there whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.errors import DatabaseRefused

_SQLITE = b"SQLite format 3\0"
_POSTGRESQL = b"PGDMP"


def is_of_sqlite(file: Path) -> bool:
    """Return whether the backup is of SQLite; otherwise it is of PostgreSQL.

    Raises:
        DatabaseRefused: it is neither, or cannot be read.
    """
    try:
        with file.open("rb") as opened:
            start = opened.read(len(_SQLITE))
    except OSError as fault:
        raise DatabaseRefused(f"{file} cannot be read: {fault.strerror}.") from fault
    if start != _SQLITE and not start.startswith(_POSTGRESQL):
        raise DatabaseRefused(f"{file} is not a backup that `jaxercise db backup` has made.")
    return start == _SQLITE


@contextmanager
def becoming(final: Path) -> Iterator[Path]:
    """Give a file beside `final`, for this user's eyes only, which takes its place when the block ends.

    Where the block raises, nothing is left of it, and `final` is as it was.

    Raises:
        DatabaseRefused: the folder is not there, or cannot be written.
    """
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{final.name}.", suffix=".part", dir=final.parent)
    except OSError as fault:
        raise DatabaseRefused(f"{final} cannot be written: {fault.strerror}.") from fault
    os.close(descriptor)
    part = Path(name)
    try:
        yield part
        _to_disk(part)
        part.replace(final)
        _to_disk(final.parent)
    finally:
        for suffix in ("", "-journal", "-wal", "-shm"):
            part.with_name(part.name + suffix).unlink(missing_ok=True)


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
