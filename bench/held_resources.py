"""What this process and everything that descends from it hold right now, as the kernel counts it."""

import contextlib
import ctypes
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from sandbox.procfs.process import state_of
from tests.support.process_trees import children, descendants

_PR_SET_CHILD_SUBREAPER = 36
_DYING_SECONDS = 5.0
_OWN = ("Pss_Anon:", "Pss_Shmem:")
_GROUPS = Path("/sys/fs/cgroup")
_TOLERATED_WORKER_MB = 24.0
"""Python's allocator keeps what it once needed; answers that last are remembered, up to a bound."""
_TOLERATED_JAILS_MB = 48.0
"""References stay loaded, and their allocators keep what they once needed too."""


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """Counts that must be after a soak what they were before; memory in megabytes, shared pages divided."""

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
        while children(os.getpid()) and time.monotonic() < deadline:
            bury_orphans()
            time.sleep(0.05)


def bury_orphans() -> None:
    """Wait for the adopted that have ended, as a host's first process does."""
    for pid in children(os.getpid()):
        if _is_dead(pid):
            os.waitpid(pid, os.WNOHANG)


def look(folders: Iterable[Path]) -> Held:
    """Count, everything below `folders` included."""
    tree = sorted(descendants(os.getpid()))
    dead = [pid for pid in tree if _is_dead(pid)]
    running = [pid for pid in tree if pid not in dead]
    return Held(
        processes=len(running),
        dead_processes=len(dead),
        worker_descriptors=_entries(Path("/proc/self/fd")),
        jail_descriptors=sum(_entries(Path(f"/proc/{pid}/fd")) for pid in running),
        worker_threads=_entries(Path("/proc/self/task")),
        worker_mounts=_lines(Path("/proc/self/mountinfo")),
        jail_mounts=sum(_lines(Path(f"/proc/{pid}/mountinfo")) for pid in running),
        control_groups=_control_groups(_GROUPS),
        files=sum(len(files) + len(inner) for folder in folders for _, inner, files in os.walk(folder)),
        interprocess=sum(_lines(Path("/proc/sysvipc") / kind) - 1 for kind in ("msg", "sem", "shm")),
        worker_mb=_own_mb(os.getpid()),
        jails_mb=sum(map(_own_mb, running)),
    )


def leaks(before: Held, after: Held) -> list[str]:
    """Return what there is more of, in words; memory may grow a little."""
    tolerated = {"worker_mb": _TOLERATED_WORKER_MB, "jails_mb": _TOLERATED_JAILS_MB}
    found = []
    for name in Held.__struct_fields__:
        first, last = getattr(before, name), getattr(after, name)
        if last - first > tolerated.get(name, 0):
            found.append(f"{name}: {first:g} before, {last:g} after")
    return found


def _control_groups(top: Path) -> int:
    """Count the runs' groups of this process; os.walk passes over those of others that vanish meanwhile."""
    mine = f"/jaxercise-{os.getpid()}-"
    return sum(
        name.startswith("run-")
        for folder, inner, _ in os.walk(top)
        if mine in f"{folder}/" and "/run-" not in folder
        for name in inner
    )


def _is_dead(pid: int) -> bool:
    """Return whether a process has ended and was not waited for."""
    state = state_of(pid)
    return state is not None and state.letter == "Z"


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


def _own_mb(pid: int) -> float:
    """Count without pages of files: how many are ours depends on who else maps the same libraries."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0  # It ended while we looked.
    return sum(int(line.split()[1]) for line in lines if line.startswith(_OWN)) / 1024
