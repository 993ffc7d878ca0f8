"""Processor time of a process tree, read from /proc: for hosts where no control group counts it."""

import os
from pathlib import Path

import msgspec

from sandbox.procfs.tree import tree_of

_TICKS = os.sysconf("SC_CLK_TCK")


class ProcessorClock:
    """Only grows. Sees what it is asked often enough to see: a process that nobody waits for, and that
    comes and goes between two looks, is missed."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._own_seconds: dict[tuple[str, int], float] = {}
        self._highest_seconds = 0.0

    def seconds(self) -> float:
        """Of the process and of all that it started, those that have ended included."""
        living = {
            (place.name, used.started): used
            for place in tree_of(self._pid)
            if (used := _read(place)) is not None
        }
        self._own_seconds.update((key, used.own_seconds) for key, used in living.items())
        # A parent that ignores its children's ends is told nothing of them; what was seen of them is.
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


def _read(place: Path) -> _Used | None:
    """Fields 14 to 17 and 22 of proc_pid_stat(5)."""
    try:
        fields = (place / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    user, system, user_waited, system_waited = map(int, fields[11:15])
    return _Used(
        started=int(fields[19]),
        own_seconds=(user + system) / _TICKS,
        waited_seconds=(user_waited + system_waited) / _TICKS,
    )
