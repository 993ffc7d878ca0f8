"""Limits for a whole run's process tree: a control group of its own, where this host lets us make one."""

from typing import Protocol

from sandbox.cgroups.freezer import Freezer
from sandbox.cgroups.v1 import GroupsV1
from sandbox.cgroups.v2 import GroupsV2
from sandbox.limits import Limits


class RunGroup(Protocol):
    """One run's control group. Counts its private memory, its /tmp and its shared memory."""

    def add(self, pid: int) -> None:
        """Count what `pid` uses from here on, and what it forks; do nothing where it has ended.

        Waits some milliseconds for the kernel.

        Raises:
            OSError: the kernel refuses.
        """
        ...

    async def memory_exceeded(self) -> None:
        """Wait until the run holds more than its limit, or a process was ended for it."""
        ...

    def free_space(self) -> None:
        """Let a run that has met its limit go on for a moment, so that it can say at which line it is."""
        ...

    @property
    def freezer(self) -> Freezer | None:
        """What stops all that is in it; None where it has none, or was not made to be frozen."""
        ...

    @property
    def memory_was_hit(self) -> bool:
        """Whether the kernel itself ended a process because of the memory limit."""
        ...

    @property
    def processes_were_refused(self) -> bool:
        """Whether the kernel refused to start a process or thread because of the group's limit."""
        ...

    @property
    def peak_memory_bytes(self) -> int | None:
        """None where the kernel does not keep it."""
        ...

    @property
    def cpu_seconds(self) -> float | None:
        """Processor time of all processes that ever were in it; None where nothing counts it."""
        ...

    @property
    def waited_seconds(self) -> float | None:
        """How long all that could run in it waited for a processor; None where nothing counts it."""
        ...

    async def remove(self) -> None:
        """Remove the group. Its processes must have been killed; they may hold it for a moment."""
        ...


class ControlGroups(Protocol):
    """Makes a group for each run, below the group that this process is in."""

    @property
    def description(self) -> str:
        """Version and what it bounds, in words."""
        ...

    @property
    def can_freeze(self) -> bool:
        """Whether a group that is made to be frozen has a freezer."""
        ...

    def make(self, limits: Limits, *, to_be_frozen: bool = False) -> RunGroup:
        """Make a new group with these limits; one `to_be_frozen` may take longer to add a process to.

        Raises:
            OSError: the kernel makes no more.
        """
        ...

    def close(self) -> None:
        """Give back what it holds; the runs should be gone."""
        ...


def open_control_groups() -> ControlGroups | None:
    """Open version 2 or 1; None where no memory group can be made, and the process tree is watched."""
    return GroupsV2.open() or GroupsV1.open()
