"""A SQLite file that another process keeps locked: what is waited for, by whom, and for how long.

Who it is comes from the kernel's list of locks, see proc_locks(5); it names the processes that can be seen
from here, so not those of another container.
"""

import logging
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

from app.errors import DatabaseUnavailable

PATIENCE_SECONDS = 60.0
"""Another process may be in the middle of a migration."""
# A service at work holds the lock for milliseconds, which is nothing to speak of.
_UNNOTICED_SECONDS = 0.3
_RETRY_SECONDS = 0.1
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL)
_LOCKED_FILES = ("", "-shm", "-wal")
_LOCKS = Path("/proc/locks")

_log = logging.getLogger("jaxercise")


def await_turn(path: Path, *, patience_seconds: float | None = None) -> None:
    """Return once the file may be written; say at once what is waited for where that is not now.

    Whatever else is wrong with the file is left to who uses it. Without `patience_seconds` it is
    PATIENCE_SECONDS.

    Raises:
        DatabaseUnavailable: another process has kept it locked all the time; says which, if that can be seen.
    """
    patience = PATIENCE_SECONDS if patience_seconds is None else patience_seconds
    address = f"{path.resolve().as_uri()}?mode=rw"
    begun, reported = time.monotonic(), False
    while _is_locked(address):
        waited = time.monotonic() - begun
        holder = holder_of(*(path.with_name(path.name + suffix) for suffix in _LOCKED_FILES))
        if waited >= patience:
            raise DatabaseUnavailable(
                f"The database {path} cannot be used: {holder} has kept it locked for {waited:.0f} s."
            )
        if not reported:
            _log.warning(
                "waiting up to %g s for the database %s, which %s keeps locked", patience, path, holder
            )
        reported = True
        time.sleep(min(_RETRY_SECONDS, patience))


def holder_of(*files: Path) -> str:
    """Name the process that holds a lock on one of the files against others: its number and its program.

    Arguments of a program are left out, for a password may be among them.
    """
    inodes = set()
    for file in files:
        with suppress(OSError):
            found = file.stat()
            inodes.add((os.major(found.st_dev), os.minor(found.st_dev), found.st_ino))
    for pid in _holders(inodes):
        if pid != os.getpid():
            return f"process {pid}{_program(pid)}"
    return "another process, which cannot be seen from here,"


def _is_locked(address: str) -> bool:
    try:
        with closing(
            sqlite3.connect(address, uri=True, timeout=_UNNOTICED_SECONDS, isolation_level=None)
        ) as connection:
            connection.execute("BEGIN IMMEDIATE")
    except sqlite3.Error as fault:
        return getattr(fault, "sqlite_errorcode", 0) & 0xFF in _BUSY
    return False


def _holders(inodes: set[tuple[int, int, int]]) -> Iterator[int]:
    """Yield who holds a lock to write on a file of these; readers of a write-ahead log block nobody."""
    try:
        lines = _LOCKS.read_text().splitlines()
    except OSError:  # Another kernel's, or hidden.
        return
    for line in lines:
        words = line.split()
        # Who waits for a lock has a `->` after the number.
        if len(words) != 8 or words[3] != "WRITE" or words[5].count(":") != 2:
            continue
        major, minor, inode = words[5].split(":")
        if (int(major, 16), int(minor, 16), int(inode)) in inodes:
            yield int(words[4])


def _program(pid: int) -> str:
    with suppress(OSError):
        return f" ({Path(f'/proc/{pid}/comm').read_text().strip()})"
    return ""
