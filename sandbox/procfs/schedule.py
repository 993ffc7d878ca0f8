"""What the scheduler says of a process tree: how long it ran, and how long it waited for a processor.

Of each thread /proc/PID/task/TID/schedstat has both, in nanoseconds (the kernel's scheduler/sched-stats.rst).
"""

import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from sandbox.procfs.tree import tree_of

_NANOSECONDS = 1e-9
_SELF = Path("/proc/self/schedstat")
_STAT = Path("/proc/stat")
_TICKS = os.sysconf("SC_CLK_TCK")
_STOLEN = 8
"""The place of `steal` in the first line of proc_stat(5)."""


class Scheduled(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds since the start, of all threads; those that have ended count as they were last seen."""

    ran_seconds: float = 0.0
    waited_seconds: float = 0.0
    """While they could have run, and no processor was free for them."""


class _Thread(msgspec.Struct, frozen=True, kw_only=True):
    ran_seconds: float
    waited_seconds: float
    waits_since: float | None
    """Since when (`time.monotonic`) it has waited without a break, as far as it was seen."""


def counts_waiting_times(own: Path = _SELF) -> bool:
    """Say whether this kernel counts how long a thread waits for a processor."""
    try:
        return len(own.read_text().split()) == 3
    except OSError:
        return False


def stolen_seconds(stat: Path = _STAT) -> float:
    """Return for how long, since boot, a hypervisor gave a processor of ours to others, on average."""
    return processor_seconds((_STOLEN,), stat) / (os.cpu_count() or 1)


def processor_seconds(places: Sequence[int], stat: Path = _STAT) -> float:
    """Return what all processors together have spent since boot; 0 where nobody says.

    `places` are those of the first line of proc_stat(5) that count, the first of them 1.
    """
    try:
        fields = stat.read_text().partition("\n")[0].split()
        return sum(int(fields[place]) for place in places) / _TICKS
    except (OSError, ValueError, IndexError):
        return 0.0


class TreeSchedule:
    """Looks at a process and all that it started, each time anew."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._threads: dict[str, _Thread] = {}

    def look(self) -> Scheduled:
        """Return what is known by now; a thread that came and went between two looks is missed."""
        now = time.monotonic()
        waiting_seconds = 0.0
        for folder in _threads_of(self._pid):
            seen = self._seen(folder, now)
            if seen is not None:
                self._threads[str(folder)] = seen
                # The kernel counts a wait when it is over; until then it is ours to count.
                waiting_seconds += now - seen.waits_since if seen.waits_since is not None else 0.0
        known = self._threads.values()
        return Scheduled(
            ran_seconds=sum(thread.ran_seconds for thread in known),
            waited_seconds=sum(thread.waited_seconds for thread in known) + waiting_seconds,
        )

    def _seen(self, folder: Path, now: float) -> _Thread | None:
        try:
            ran, waited = (folder / "schedstat").read_text().split()[:2]
        except (OSError, ValueError):
            return None  # It ended while we looked.
        ran_seconds, waited_seconds = int(ran) * _NANOSECONDS, int(waited) * _NANOSECONDS
        before = self._threads.get(str(folder))
        waits_since = None
        if before is not None and before.ran_seconds == ran_seconds and _could_run(folder):
            waits_since = now if before.waits_since is None else before.waits_since
        return _Thread(ran_seconds=ran_seconds, waited_seconds=waited_seconds, waits_since=waits_since)


def _threads_of(pid: int) -> Iterator[Path]:
    for process in tree_of(pid):
        try:
            yield from (process / "task").iterdir()
        except OSError:
            continue  # It ended while we looked.


def _could_run(folder: Path) -> bool:
    """Say whether a thread runs or waits for a processor: state R of proc_pid_stat(5)."""
    try:
        return (folder / "stat").read_text().rpartition(")")[2].split()[0] == "R"
    except (OSError, IndexError):
        return False
