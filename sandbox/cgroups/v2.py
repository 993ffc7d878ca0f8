"""Control groups of version 2, as of the kernel's admin-guide/cgroup-v2.rst."""

import contextlib
import os
import select
from pathlib import Path

from sandbox.cgroups.delegate import open_delegated, spread
from sandbox.cgroups.folder import (
    ClaimedFolder,
    add_process,
    read_fields,
    read_pressure,
    remove_folder,
    unreclaimable_bytes,
)
from sandbox.cgroups.freezer import Freezer
from sandbox.limits import Limits, hard_memory_bytes
from sandbox.procfs.process import readable_within

_LOOK_SECONDS = 0.5
_EVENTS_BYTES = 4096


class RunGroupV2:
    """One folder for everything."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self._folder = folder
        self._limits = limits

    def add(self, pid: int) -> None:
        """Count what `pid` uses from here on, and what it forks.

        Raises:
            OSError: the kernel refuses.
        """
        add_process(self._folder, pid)

    async def memory_exceeded(self) -> None:
        """Wait until the run holds more than its limit, or a process was ended for it.

        From here on the kernel slows the run down beyond the limit, which leaves time to look at it.
        """
        (self._folder / "memory.high").write_text(str(self._limits.memory_bytes))
        events = os.open(self._folder / "memory.events", os.O_RDONLY | os.O_CLOEXEC)
        # The file always counts as readable; only its urgent condition shows a change.
        alarm = select.epoll()
        try:
            alarm.register(events, select.EPOLLPRI)
            while True:
                os.pread(events, _EVENTS_BYTES, 0)  # Reading is what lets it ring anew.
                if self.memory_was_hit or self._holds_too_much():
                    return
                await readable_within(alarm.fileno(), _LOOK_SECONDS)
        except BaseException:
            with contextlib.suppress(OSError):
                (self._folder / "memory.high").write_text("max")
            raise
        finally:
            alarm.close()
            os.close(events)

    def free_space(self) -> None:
        """Do nothing: the kernel slows a run down, but does not stop it."""

    @property
    def freezer(self) -> Freezer | None:
        """None before Linux 5.2."""
        freezer = Freezer(self._folder)
        return freezer if freezer.exists else None

    @property
    def memory_was_hit(self) -> bool:
        """Whether the kernel itself ended a process because of the memory limit."""
        return read_fields(self._folder / "memory.events").get("oom_kill", 0) > 0

    @property
    def processes_were_refused(self) -> bool:
        """Whether the kernel refused to start a process or thread because of the group's limit."""
        file = self._folder / "pids.events"
        return file.exists() and read_fields(file).get("max", 0) > 0

    @property
    def peak_memory_bytes(self) -> int | None:
        """None before Linux 5.19."""
        try:
            return int((self._folder / "memory.peak").read_text())
        except FileNotFoundError:
            return None

    @property
    def cpu_seconds(self) -> float | None:
        """Processor time of all processes that ever were in it."""
        return read_fields(self._folder / "cpu.stat")["usage_usec"] / 1e6

    @property
    def waited_seconds(self) -> float | None:
        """Its processor pressure, as of the kernel's accounting/psi.rst: `full`, while none of it runs."""
        return read_pressure(self._folder / "cpu.pressure")

    async def remove(self) -> None:
        """End what is left in it, where the kernel can (5.14), and remove it."""
        with contextlib.suppress(OSError):
            (self._folder / "cgroup.kill").write_text("1")
        await remove_folder(self._folder)

    def _holds_too_much(self) -> bool:
        limit_bytes = self._limits.memory_bytes
        usage_bytes = int((self._folder / "memory.current").read_text())
        if usage_bytes <= limit_bytes:
            return False
        return unreclaimable_bytes(usage_bytes, read_fields(self._folder / "memory.stat")) > limit_bytes


class GroupsV2:
    """Below the group that was delegated to this service."""

    def __init__(self, parent: ClaimedFolder, controllers: tuple[str, ...]) -> None:
        self._parent = parent
        self._controllers = controllers

    @classmethod
    def open(cls) -> "GroupsV2 | None":
        """Claim a folder for the runs' groups; None where the memory controller was not delegated."""
        try:
            delegated = open_delegated()
            if delegated is None:
                return None
            parent = ClaimedFolder(delegated.folder)
        except OSError:
            return None
        try:
            spread(delegated.controllers, parent.path)
        except OSError:
            parent.close()
            return None
        return cls(parent, delegated.controllers)

    @property
    def description(self) -> str:
        """Version and what it bounds, in words."""
        processes = ", processes" if "pids" in self._controllers else ""
        return f"version 2, one a run: memory{processes}, processor time"

    @property
    def can_freeze(self) -> bool:
        """Whether the groups have a freezer, since Linux 5.2."""
        return Freezer(self._parent.path).exists

    def make(self, limits: Limits, *, to_be_frozen: bool = False) -> RunGroupV2:
        """Make a group. Its memory cannot be swapped out, and running out of it ends all its processes.

        Raises:
            OSError: the kernel makes no more.
        """
        folder = self._parent.make_child()
        (folder / "memory.max").write_text(str(hard_memory_bytes(limits)))
        for name, value in (("memory.swap.max", "0"), ("memory.oom.group", "1")):
            with contextlib.suppress(OSError):  # A kernel may not count swap, or be older than 4.19.
                (folder / name).write_text(value)
        if "pids" in self._controllers:
            (folder / "pids.max").write_text(str(limits.processes))
        return RunGroupV2(folder, limits)

    def close(self) -> None:
        """Give the folder back; the runs should be gone."""
        self._parent.close()
