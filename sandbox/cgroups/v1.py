"""Control groups of version 1: a hierarchy for memory, and others for processes and processor time."""

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

from sandbox.cgroups.folder import (
    ClaimedFolder,
    add_process,
    end_processes,
    read_fields,
    remove_folder,
    unreclaimable_bytes,
)
from sandbox.cgroups.freezer import Freezer
from sandbox.cgroups.own_groups import own_groups
from sandbox.limits import Limits, hard_memory_bytes
from sandbox.procfs.process import readable_within

_LOOK_SECONDS = 0.5
_OPTIONAL = ("cpuacct", "pids")
_UNIFIED = "unified"
"""The hierarchy of version 2 that many hosts have beside: it controls nothing there, but it can freeze."""


class RunGroupV1:
    """`folders` holds the group's folder in each controller's hierarchy."""

    def __init__(self, folders: Mapping[str, Path], limits: Limits) -> None:
        self._folders = folders
        self._memory = folders["memory"]
        self._limits = limits
        self._alarm = -1

    def add(self, pid: int) -> None:
        """Count what `pid` uses from here on, and what it forks.

        Raises:
            OSError: the kernel refuses.
        """
        for folder in self._folders.values():
            add_process(folder, pid)
        # Here, where somebody waits anyway: the kernel takes some fifteen milliseconds for it.
        self._ring_at_limit()

    async def memory_exceeded(self) -> None:
        """Wait until the run holds more than its limit, or a process was ended for it.

        From here on the kernel lets the run wait at its hard limit in place of ending it, where it
        still can: so there is time to look at it. Whoever waits can be killed all the same.
        """
        self._let_wait(is_watched=True)
        try:
            while not (self.memory_was_hit or self._holds_too_much()):
                # The kernel rings before it ends a process, so a look now and then stays needed.
                if await readable_within(self._alarm, _LOOK_SECONDS):
                    os.eventfd_read(self._alarm)
        except BaseException:
            self._let_wait(is_watched=False)
            raise

    def free_space(self) -> None:
        """Have a run that waits at its hard limit go on for a moment."""
        more = str(2 * hard_memory_bytes(self._limits) - self._limits.memory_bytes)
        for name in ("memory.memsw.limit_in_bytes", "memory.limit_in_bytes"):
            with contextlib.suppress(OSError):
                (self._memory / name).write_text(more)

    @property
    def freezer(self) -> Freezer | None:
        """None where no group of version 2 can be made beside."""
        folder = self._folders.get(_UNIFIED)
        return None if folder is None else Freezer(folder)

    @property
    def memory_was_hit(self) -> bool:
        """Whether the kernel itself ended a process because of the memory limit."""
        return read_fields(self._memory / "memory.oom_control").get("oom_kill", 0) > 0

    @property
    def processes_were_refused(self) -> bool:
        """Whether the kernel refused to start a process or thread because of the group's limit."""
        folder = self._folders.get("pids")
        return folder is not None and read_fields(folder / "pids.events").get("max", 0) > 0

    @property
    def peak_memory_bytes(self) -> int | None:
        """At most what the limit and its headroom allow."""
        return int((self._memory / "memory.max_usage_in_bytes").read_text())

    @property
    def cpu_seconds(self) -> float | None:
        """Processor time of all processes that ever were in it; None where nothing counts it."""
        folder = self._folders.get("cpuacct")
        return None if folder is None else int((folder / "cpuacct.usage").read_text()) / 1e9

    @property
    def waited_seconds(self) -> float | None:
        """Version 1 has no pressure of a group."""
        return None

    async def remove(self) -> None:
        """End what is left in it, and remove it.

        In a jail nothing is; without one, descendants may wait at the hard limit for ever.
        """
        end_processes(self._memory)
        if self._alarm >= 0:
            os.close(self._alarm)
            self._alarm = -1
        for folder in self._folders.values():
            await remove_folder(folder)

    def _let_wait(self, *, is_watched: bool) -> None:
        with contextlib.suppress(OSError):
            (self._memory / "memory.oom_control").write_text(str(int(is_watched)))

    def _ring_at_limit(self) -> None:
        """Have the kernel count up the alarm when memory crosses the limit, and when it runs out.

        As of the kernel's admin-guide/cgroup-v1/memory.rst, sections 9 and 10. A kernel may be built
        without it; the looks remain.
        """
        if self._alarm >= 0:
            return
        self._alarm = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        for name, argument in (
            ("memory.usage_in_bytes", f" {self._limits.memory_bytes}"),
            ("memory.oom_control", ""),
        ):
            with contextlib.suppress(OSError):
                watched = os.open(self._memory / name, os.O_RDONLY | os.O_CLOEXEC)
                try:
                    line = f"{self._alarm} {watched}{argument}"
                    (self._memory / "cgroup.event_control").write_text(line)
                finally:
                    os.close(watched)

    def _holds_too_much(self) -> bool:
        limit_bytes = self._limits.memory_bytes
        usage_bytes = int((self._memory / "memory.usage_in_bytes").read_text())
        if usage_bytes <= limit_bytes:
            return False
        if unreclaimable_bytes(usage_bytes, read_fields(self._memory / "memory.stat")) > limit_bytes:
            return True
        # Only cached files are too many: to lower the limit drops them, and the alarm can ring anew.
        with contextlib.suppress(OSError):
            (self._memory / "memory.limit_in_bytes").write_text(str(limit_bytes))
        (self._memory / "memory.limit_in_bytes").write_text(str(hard_memory_bytes(self._limits)))
        return False


class GroupsV1:
    """Below the groups of version 1 that this process is in; at least memory's can be written."""

    def __init__(self, parents: Mapping[str, ClaimedFolder]) -> None:
        self._parents = parents

    @classmethod
    def open(cls) -> "GroupsV1 | None":
        """Claim folders for the runs' groups; None where no memory group can be made."""
        # The unified hierarchy is the one without names.
        own = {name: group.folder for group in own_groups() for name in group.controllers or (_UNIFIED,)}
        if "memory" not in own:
            return None
        try:
            groups = cls({"memory": ClaimedFolder(own["memory"])})
        except OSError:
            return None
        for name in (*_OPTIONAL, _UNIFIED):
            if name in own:
                with contextlib.suppress(OSError):
                    groups._parents = {**groups._parents, name: ClaimedFolder(own[name])}
        if not groups._can_limit():
            groups.close()
            return None
        return groups

    @property
    def description(self) -> str:
        """Version and what it bounds, in words."""
        words = {"memory": "memory", "pids": "processes", "cpuacct": "processor time"}
        return f"version 1, one a run: {', '.join(words[name] for name in self._parents if name in words)}"

    @property
    def can_freeze(self) -> bool:
        """Whether a group that is made to be frozen has a freezer: one of version 2, beside."""
        folder = self._make_frozen_one()
        if folder is not None:
            folder.rmdir()
        return folder is not None

    def make(self, limits: Limits, *, to_be_frozen: bool = False) -> RunGroupV1:
        """Make a new group; memory includes swap where that is counted.

        To enter a hierarchy takes milliseconds: only what is `to_be_frozen` enters a further one.

        Raises:
            OSError: the kernel makes no more.
        """
        folders = {"memory": self._parents["memory"].make_child()}
        for name in _OPTIONAL:
            if name in self._parents:
                with contextlib.suppress(OSError):
                    folders[name] = self._parents[name].make_child()
        if to_be_frozen and (unified := self._make_frozen_one()) is not None:
            folders[_UNIFIED] = unified
        hard_limit = str(hard_memory_bytes(limits))
        (folders["memory"] / "memory.limit_in_bytes").write_text(hard_limit)
        with contextlib.suppress(OSError):  # A kernel may not count swap.
            (folders["memory"] / "memory.memsw.limit_in_bytes").write_text(hard_limit)
        if "pids" in folders:
            (folders["pids"] / "pids.max").write_text(str(limits.processes))
        return RunGroupV1(folders, limits)

    def close(self) -> None:
        """Give the folders back; the runs should be gone."""
        for parent in self._parents.values():
            parent.close()

    def _make_frozen_one(self) -> Path | None:
        if _UNIFIED not in self._parents:
            return None
        try:
            folder = self._parents[_UNIFIED].make_child()
        except OSError:
            return None
        if Freezer(folder).exists:
            return folder
        folder.rmdir()
        return None

    def _can_limit(self) -> bool:
        """Try it: a folder can be made where its files cannot be written."""
        try:
            folder = self._parents["memory"].make_child()
        except OSError:
            return False
        try:
            (folder / "memory.limit_in_bytes").write_text(str(1 << 30))
        except OSError:
            return False
        finally:
            folder.rmdir()
        return True
