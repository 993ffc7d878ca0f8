"""The folders of control groups: a service's own, which it holds by a lock, and those of its runs below it.

A service holds a lock on its folder. The kernel lets go of it when the service ends, however it ends,
so nobody needs to guess whether a process id still means the same process, and what dead services left
can be removed. Both versions of control groups have these folders, files of `key value` lines in them, and
slow removals.
"""

import asyncio
import contextlib
import fcntl
import itertools
import os
import signal
from pathlib import Path

_PREFIX = "jaxercise"
_REMOVAL_STEPS = 100
_REMOVAL_STEP_SECONDS = 0.02

_numbers = itertools.count(1)
_late: set[Path] = set()
"""Groups whose processes took longer to end than anybody wanted to wait."""


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
        """Make a new group below it, which whoever asked for it removes.

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


def add_process(folder: Path, pid: int) -> None:
    """Move `pid`; do nothing where it has ended, which its end reports.

    Raises:
        OSError: the kernel refuses.
    """
    with contextlib.suppress(ProcessLookupError):
        (folder / "cgroup.procs").write_text(str(pid))


def read_fields(file: Path) -> dict[str, int]:
    """Read a flat-keyed file, such as memory.events."""
    return {key: int(value) for key, value in (line.split() for line in file.read_text().splitlines())}


def read_pressure(file: Path) -> float | None:
    """Read for how many seconds nothing could go on (`full … total=` in microseconds); None without it."""
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return None  # A kernel without it, or booted without psi=1.
    totals = {line.split()[0]: line.rpartition("total=")[2] for line in lines if "total=" in line}
    return int(totals["full"]) / 1e6 if "full" in totals else None


def unreclaimable_bytes(usage_bytes: int, stat: dict[str, int]) -> int:
    """Subtract the files that the kernel caches for the group, and drops once the memory is wanted.

    Files in a tmpfs are not among them: memory.stat counts those as anonymous.
    """
    return usage_bytes - stat.get("inactive_file", 0) - stat.get("active_file", 0)


def end_processes(folder: Path) -> None:
    """Kill all that is in the group now."""
    with contextlib.suppress(OSError):
        for pid in (folder / "cgroup.procs").read_text().split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)


async def remove_folder(folder: Path) -> None:
    """Remove a run's group, or leave that to a later removal.

    Processes just killed may hold a group for a moment; what they hold for longer is taken along next time.
    """
    _late.difference_update({late for late in _late if _is_removed(late)})
    for _ in range(_REMOVAL_STEPS):
        if _is_removed(folder):
            return
        await asyncio.sleep(_REMOVAL_STEP_SECONDS)
    _late.add(folder)


def _is_removed(folder: Path) -> bool:
    """Remove the group and say whether it is gone; one that holds a process stays."""
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


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
    """Return a descriptor that holds the folder's lock; None where another has it, or it is gone."""
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
