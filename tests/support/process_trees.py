"""Who descends from whom on this machine, as /proc tells it."""

import os
from pathlib import Path

from sandbox.procfs.tree import children_of, tree_of


def children(pid: int) -> list[int]:
    """Oldest first; empty once the process is gone."""
    return sorted(children_of(pid))


def descendants(pid: int) -> set[int]:
    """All of them, the dead that nobody has waited for included."""
    found: set[int] = set()
    for child in children(pid):
        found |= {child} | descendants(child)
    return found


def is_running(pid: int) -> bool:
    """Neither gone nor dead."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def tree_ticks(pid: int) -> int:
    """Processor time of all that lives in the tree, in the kernel's own steps."""
    used = 0
    for process in tree_of(pid):
        fields = (process / "stat").read_text().rpartition(")")[2].split()
        used += int(fields[11]) + int(fields[12])
    return used
