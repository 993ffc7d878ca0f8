"""What this process and everything that descends from it hold right now, as the kernel counts it."""

import contextlib
import ctypes
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

_PR_SET_CHILD_SUBREAPER = 36
_DYING_SECONDS = 5.0
_GROUPS = Path("/sys/fs/cgroup")
_TOLERATED_WORKER_MB = 24.0
"""Python's allocator keeps what it once needed; answers that last are remembered, up to a bound."""
_TOLERATED_JAILS_MB = 48.0
"""References stay loaded, and their allocators keep what they once needed too."""


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """Counts that must be after a soak what they were before; memory in megabytes, proportional (Pss)."""

    processes: int
    dead_processes: int
    worker_descriptors: int
    jail_descriptors: int
    worker_threads: int
    worker_mounts: int
    jail_mounts: int
    control_groups: int
    files: int
    interprocess: int
    """System V queues, semaphores and shared memory of the host."""
    worker_mb: float
    jails_mb: float


@contextlib.contextmanager
def adopted_orphans() -> Iterator[None]:
    """Inside, whatever loses its parent becomes this process's child, so that no count misses it."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        libc.prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
        deadline = time.monotonic() + _DYING_SECONDS
        while _children(os.getpid()) and time.monotonic() < deadline:
            bury_orphans()
            time.sleep(0.05)


def bury_orphans() -> None:
    """Wait for the adopted that have ended, as a host's first process does."""
    for pid in _children(os.getpid()):
        if _letter(pid) == "Z":
            os.waitpid(pid, os.WNOHANG)


def look(folders: Iterable[Path]) -> Held:
    """Count, everything below `folders` included."""
    tree = sorted(_descendants(os.getpid()))
    dead = [pid for pid in tree if _letter(pid) == "Z"]
    running = [pid for pid in tree if pid not in dead]
    return Held(
        processes=len(running),
        dead_processes=len(dead),
        worker_descriptors=_entries(Path("/proc/self/fd")),
        jail_descriptors=sum(_entries(Path(f"/proc/{pid}/fd")) for pid in running),
        worker_threads=_entries(Path("/proc/self/task")),
        worker_mounts=_lines(Path("/proc/self/mountinfo")),
        jail_mounts=sum(_lines(Path(f"/proc/{pid}/mountinfo")) for pid in running),
        control_groups=len(list(_GROUPS.glob(f"**/jaxercise-{os.getpid()}-*/run-*"))),
        files=sum(1 for folder in folders for _ in folder.rglob("*")),
        interprocess=sum(_lines(Path("/proc/sysvipc") / kind) - 1 for kind in ("msg", "sem", "shm")),
        worker_mb=_proportional_mb(os.getpid()),
        jails_mb=sum(map(_proportional_mb, running)),
    )


def leaks(before: Held, after: Held) -> list[str]:
    """What there is more of, in words; memory may grow a little."""
    tolerated = {"worker_mb": _TOLERATED_WORKER_MB, "jails_mb": _TOLERATED_JAILS_MB}
    found = []
    for name in Held.__struct_fields__:
        first, last = getattr(before, name), getattr(after, name)
        if last - first > tolerated.get(name, 0):
            found.append(f"{name}: {first:g} before, {last:g} after")
    return found


def _children(pid: int) -> list[int]:
    found = []
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(child) for child in thread.read_text().split()]
        except OSError:
            continue  # It ended while we looked.
    return found


def _descendants(pid: int) -> set[int]:
    found: set[int] = set()
    for child in _children(pid):
        found |= {child} | _descendants(child)
    return found


def _letter(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][:1]
    except OSError:
        return ""


def _entries(folder: Path) -> int:
    try:
        return len(list(folder.iterdir()))
    except OSError:
        return 0


def _lines(path: Path) -> int:
    try:
        return len(path.read_text().splitlines())
    except OSError:
        return 0


def _proportional_mb(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
