"""The control group below which one service makes its runs' groups; what dead services left is removed.

A service holds a lock on its folder. The kernel lets go of it when the service ends, however it ends,
so nobody needs to guess whether a process id still means the same process.
"""

import contextlib
import fcntl
import itertools
import os
from pathlib import Path

_PREFIX = "jaxercise"

_numbers = itertools.count(1)


class ClaimedFolder:
    """`jaxercise-<pid>-<number>` below `parent`, locked until it is closed.

    Raises:
        OSError: no group can be made there.
    """

    def __init__(self, parent: Path) -> None:
        _remove_stale(parent)
        self.path, self._lock = _claim(parent)
        self._children = itertools.count(1)

    def make_child(self) -> Path:
        """A new group below it, which whoever asked for it removes.

        Raises:
            OSError: the kernel makes no more.
        """
        folder = self.path / f"run-{next(self._children)}"
        folder.mkdir()
        return folder

    def close(self) -> None:
        """Remove it if every run is gone; else whoever comes next does."""
        for folder in [*self.path.glob("run-*"), self.path]:
            with contextlib.suppress(OSError):
                folder.rmdir()
        os.close(self._lock)


def _claim(parent: Path) -> tuple[Path, int]:
    while True:
        folder = parent / f"{_PREFIX}-{os.getpid()}-{next(_numbers)}"
        folder.mkdir()
        lock = _locked(folder)
        if lock is not None:
            if folder.exists():
                return folder, lock
            os.close(lock)  # Somebody took it for stale, between its making and its lock.


def _remove_stale(parent: Path) -> None:
    for folder in parent.glob(f"{_PREFIX}-*-*"):
        lock = _locked(folder)
        if lock is None:
            continue
        # A group with a process in it cannot be removed; those of a dead service end with it.
        for child in [*folder.glob("run-*"), folder]:
            with contextlib.suppress(OSError):
                child.rmdir()
        os.close(lock)


def _locked(folder: Path) -> int | None:
    """A descriptor that holds the folder's lock; None where another has it, or the folder is gone."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor
