"""A process and its descendants, read from /proc: which they are, their memory and their processor time.

For hosts where no control group counts these.
"""

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

_TICKS = os.sysconf("SC_CLK_TCK")


def tree_of(pid: int) -> Iterator[Path]:
    """Yield the folder in /proc of each that still lives, `pid` first."""
    waiting = [pid]
    while waiting:
        found = waiting.pop()
        folder = Path(f"/proc/{found}")
        if folder.exists():
            yield folder
            waiting.extend(children_of(found))


def children_of(pid: int) -> list[int]:
    """List the children of all its threads, the dead that nobody has waited for included.

    Empty once the process is gone.
    """
    found: list[int] = []
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return found
    for thread in threads:
        try:
            found.extend(int(child) for child in (thread / "children").read_text().split())
        except OSError:
            continue  # It ended while we looked.
    return found


def tree_memory_bytes(pid: int) -> int:
    """Add up private and shared-memory pages of `pid` and all its descendants; 0 once they are gone.

    What a process has from its parent counts for both.
    """
    return sum(_resident_bytes(folder) for folder in tree_of(pid))


def tree_holds_more(pid: int, limit_bytes: int) -> bool:
    """Say whether `pid` and its descendants together hold more private and shared memory than that.

    A page that several processes hold, as after a fork, is divided among them: proportional set sizes, as of
    the kernel's filesystems/proc.rst. To count them takes the kernel milliseconds, so that is asked for only
    where the plain sum, which is never less, is above the limit.
    """
    if tree_memory_bytes(pid) <= limit_bytes:
        return False
    held_bytes = itertools.accumulate(_proportional_bytes(folder) for folder in tree_of(pid))
    return any(sum_bytes > limit_bytes for sum_bytes in held_bytes)


class ProcessorClock:
    """Only grows, and sees what it is asked often enough to see.

    A process that nobody waits for, and that comes and goes between two looks, is missed.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._own_seconds: dict[tuple[str, int], float] = {}
        self._highest_seconds = 0.0

    def seconds(self) -> float:
        """Count for the process and all that it started, those that have ended included."""
        living = {
            (folder.name, used.started): used
            for folder in tree_of(self._pid)
            if (used := _read_used(folder)) is not None
        }
        self._own_seconds.update((key, used.own_seconds) for key, used in living.items())
        # A parent that ignores its children's ends never gets their times; what was seen of them counts.
        # One that waits has theirs counted as its own. A tree may do both, so this is a lower bound.
        reported = sum(used.own_seconds + used.waited_seconds for used in living.values())
        self._highest_seconds = max(self._highest_seconds, reported, sum(self._own_seconds.values()))
        return self._highest_seconds


class _Used(msgspec.Struct, frozen=True, kw_only=True):
    started: int
    """In ticks since boot; with the process id it names a process for good."""
    own_seconds: float
    waited_seconds: float
    """Of children that it has waited for, and theirs."""


def _read_used(folder: Path) -> _Used | None:
    """Read fields 14 to 17 and 22 of proc_pid_stat(5)."""
    try:
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    user, system, user_waited, system_waited = map(int, fields[11:15])
    return _Used(
        started=int(fields[19]),
        own_seconds=(user + system) / _TICKS,
        waited_seconds=(user_waited + system_waited) / _TICKS,
    )


def _resident_bytes(folder: Path) -> int:
    try:
        lines = (folder / "status").read_text().splitlines()
    except OSError:
        return 0  # It ended while we looked.
    return _added_bytes(lines, "RssAnon:", "RssShmem:")


def _proportional_bytes(folder: Path) -> int:
    """Return what it holds of pages, each divided by how many hold it; where nobody says, all of them.

    Kernels before 5.3 do not say it apart from pages of files.
    """
    try:
        lines = (folder / "smaps_rollup").read_text().splitlines()
    except OSError:
        return _resident_bytes(folder)
    if not any(line.startswith("Pss_Anon:") for line in lines):
        return _resident_bytes(folder)
    return _added_bytes(lines, "Pss_Anon:", "Pss_Shmem:")


def _added_bytes(lines: list[str], *fields: str) -> int:
    return sum(int(line.split()[1]) << 10 for line in lines if line.startswith(fields))
