"""A run's own time: it passes while the run is given a processor or sleeps, not while it waits for one.

So a clock on it means the same on an idle machine and on one that has more to do than it can.
"""

import time
from collections.abc import Callable

import msgspec

from sandbox.cgroups.interface import RunGroup
from sandbox.procfs.schedule import TreeSchedule, counts_waiting_times, stolen_seconds

LOOK_SECONDS = 0.5
"""How often is looked; a look that comes late counts for no more, because who looks was kept waiting too."""
_IDLE_RATE = 0.04
"""Of a processor: who uses less computes next to nothing."""


class Passed(msgspec.Struct, frozen=True, kw_only=True):
    """What passed between two looks."""

    own_seconds: float
    starved_seconds: float
    """Wall time in which the run wanted a processor and had none."""
    is_idle: bool


class OwnTime:
    """Looks at two counters that only grow; without `waited_seconds` all time is the run's own."""

    def __init__(
        self,
        cpu_seconds: Callable[[], float],
        waited_seconds: Callable[[], float] | None,
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cpu_seconds = cpu_seconds
        self._waited_seconds = waited_seconds
        self._now = now
        self._last = self._read()

    def look(self) -> Passed:
        """Return what passed since the last look."""
        before, self._last = self._last, self._read()
        at, ran, waited, stolen = (new - old for new, old in zip(self._last, before, strict=True))
        passed = min(at, LOOK_SECONDS)
        is_idle = ran < _IDLE_RATE * at
        # Nothing is stolen from who sleeps. And while one of its threads runs, the others may wait.
        wanted = waited if is_idle else waited + stolen
        starved = max(0.0, min(wanted, passed - ran)) if self._waited_seconds is not None else 0.0
        return Passed(own_seconds=passed - starved, starved_seconds=starved, is_idle=is_idle)

    def _read(self) -> tuple[float, float, float, float]:
        waited = self._waited_seconds() if self._waited_seconds is not None else 0.0
        return self._now(), self._cpu_seconds(), waited, stolen_seconds()


def waiting_counter(pid: int, group: RunGroup | None) -> Callable[[], float] | None:
    """Return what counts for how long the tree of `pid` waits for a processor; None where nothing does."""
    if counts_waiting_times():
        schedule = TreeSchedule(pid)
        return lambda: schedule.look().waited_seconds
    if group is not None and group.waited_seconds is not None:
        return lambda: group.waited_seconds or 0.0
    return None
