"""What this machine has for runs, as its cgroup lets this process have it."""

import os
import sys
from pathlib import Path

PYTHON_VERSION = ".".join(map(str, sys.version_info[:2]))
"""Of learners' code too: a jail runs what starts it."""

_CGROUP = Path("/sys/fs/cgroup")
_UNLIMITED = 1 << 60
_RUN_BYTES = 1 << 30
"""What a run of a problem may take, roughly, with its reference beside it."""
_SERVICE_BYTES = 1 << 30
"""The service itself and two fork servers with their spares."""
_MOST_SLOTS = 8


def default_slots() -> int:
    """Return how many runs this machine has room for at the same time, by `slots_for`."""
    return slots_for(cores(), memory_bytes())


def slots_for(cores: int, memory_bytes: int) -> int:
    """Return one slot a core, with a core left for the pages where there is more than one.

    No more than there is memory for; at least one, at most 8.
    """
    by_memory = (memory_bytes - _SERVICE_BYTES) // _RUN_BYTES
    return max(1, min(_MOST_SLOTS, cores - 1, by_memory))


def cores(cgroup: Path = _CGROUP) -> int:
    """Count the whole processors that this process may use."""
    available = len(os.sched_getaffinity(0))
    quota = _words(cgroup / "cpu.max")
    if len(quota) == 2 and quota[0].isdigit():
        available = min(available, max(1, int(quota[0]) // int(quota[1])))
    return available


def memory_bytes(cgroup: Path = _CGROUP) -> int:
    """Return how many bytes of memory this process and those below it may hold."""
    installed = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limits = [_words(cgroup / name) for name in ("memory.max", "memory/memory.limit_in_bytes")]
    given = [int(words[0]) for words in limits if words and words[0].isdigit()]
    return min([installed, *(limit for limit in given if limit < _UNLIMITED)])


def _words(file: Path) -> list[str]:
    try:
        return file.read_text().split()
    except OSError:
        return []
