"""A memory limit for a whole run: a control group of its own, where this host lets us make one."""

import asyncio
import contextlib
import itertools
import os
from pathlib import Path

_numbers = itertools.count(1)
_PREFIX = "jaxercise-"
_ROOT_V1 = Path("/sys/fs/cgroup/memory")


class MemoryGroup:
    """One run's control group (version 1). Counts private memory, its /tmp and its shared memory."""

    def __init__(self, folder: Path, late: "set[Path]") -> None:
        self._folder = folder
        self._late = late

    def add(self, pid: int) -> None:
        """Everything that `pid` allocates from here on counts, and what it forks."""
        (self._folder / "cgroup.procs").write_text(str(pid))

    @property
    def was_hit(self) -> bool:
        """Whether the kernel ended a process because of the limit."""
        fields = dict(line.split() for line in (self._folder / "memory.oom_control").read_text().splitlines())
        return int(fields.get("oom_kill", 0)) > 0

    @property
    def peak_bytes(self) -> int:
        return int((self._folder / "memory.max_usage_in_bytes").read_text())

    async def remove(self) -> None:
        """Processes just killed may hold it for a moment; if for longer, a later one takes it along."""
        self._late.add(self._folder)
        for _ in range(100):
            if _is_removed(self._folder):
                self._late.discard(self._folder)
                return
            await asyncio.sleep(0.02)


class MemoryGroups:
    """Makes a group for each run, below the group that this process is in."""

    def __init__(self, parent: Path) -> None:
        self._parent = parent
        self._count = 0
        self._late: set[Path] = set()

    @staticmethod
    def open() -> "MemoryGroups | None":
        """None where no memory group can be made here; memory is then watched instead."""
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if "memory" not in controllers.split(","):
                continue
            ours = _ROOT_V1 / path.lstrip("/")
            parent = ours / f"{_PREFIX}{os.getpid()}-{next(_numbers)}"
            try:
                _remove_what_the_dead_left(ours, parent)
                parent.mkdir(exist_ok=True)
                probe = parent / "probe"
                probe.mkdir(exist_ok=True)
                (probe / "memory.limit_in_bytes").write_text(str(1 << 30))
                probe.rmdir()
            except OSError:
                return None
            return MemoryGroups(parent)
        return None

    def make(self, limit_bytes: int) -> MemoryGroup:
        """A new group that may use `limit_bytes`, swap included where it is counted."""
        self._late -= {folder for folder in self._late if _is_removed(folder)}
        self._count += 1
        folder = self._parent / f"run-{self._count}"
        folder.mkdir()
        (folder / "memory.limit_in_bytes").write_text(str(limit_bytes))
        with contextlib.suppress(OSError):  # A kernel may not count swap.
            (folder / "memory.memsw.limit_in_bytes").write_text(str(limit_bytes))
        return MemoryGroup(folder, self._late)

    def close(self) -> None:
        """Remove the parent, if every run is gone."""
        for folder in self._late:
            _is_removed(folder)
        _is_removed(self._parent)


def _remove_what_the_dead_left(ours: Path, parent: Path) -> None:
    """A service that was killed could not remove its groups. Another life of this process id is one too."""
    for left in ours.glob(f"{_PREFIX}*-*"):
        pid = left.name.removeprefix(_PREFIX).partition("-")[0]
        if left == parent or not Path(f"/proc/{pid}").exists():
            for group in left.glob("*/"):
                _is_removed(group)
            _is_removed(left)


def _is_removed(folder: Path) -> bool:
    """Whether the group is gone now; one that holds a process stays."""
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
