"""What both versions of control groups have in common: files of `key value` lines, and slow removals."""

import asyncio
import contextlib
import os
import signal
from pathlib import Path

_REMOVAL_STEPS = 100
_REMOVAL_STEP_SECONDS = 0.02

_late: set[Path] = set()
"""Groups whose processes took longer to end than anybody wanted to wait."""


def read_fields(file: Path) -> dict[str, int]:
    """A flat-keyed file, such as memory.events."""
    return {key: int(value) for key, value in (line.split() for line in file.read_text().splitlines())}


def unreclaimable_bytes(usage_bytes: int, stat: dict[str, int]) -> int:
    """Without the files that the kernel caches for the group, and drops once the memory is wanted.

    Files in a tmpfs are not among them: memory.stat counts those as anonymous.
    """
    return usage_bytes - stat.get("inactive_file", 0) - stat.get("active_file", 0)


def add_process(folder: Path, pid: int) -> None:
    """Move `pid`; a process that has ended is told by its end, not here.

    Raises:
        OSError: the kernel refuses.
    """
    with contextlib.suppress(ProcessLookupError):
        (folder / "cgroup.procs").write_text(str(pid))


def end_processes(folder: Path) -> None:
    """Kill all that is in the group now."""
    with contextlib.suppress(OSError):
        for pid in (folder / "cgroup.procs").read_text().split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)


async def remove_folder(folder: Path) -> None:
    """Processes just killed may hold a group for a moment; if for longer, a later removal takes it along."""
    _late.difference_update({late for late in _late if _is_removed(late)})
    for _ in range(_REMOVAL_STEPS):
        if _is_removed(folder):
            return
        await asyncio.sleep(_REMOVAL_STEP_SECONDS)
    _late.add(folder)


def _is_removed(folder: Path) -> bool:
    """Whether the group is gone now; one that holds a process stays."""
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
