"""Memory of a process tree, read from /proc: for hosts where no control group can be made."""

import asyncio
from pathlib import Path

from sandbox.procfs.tree import tree_of

_STEP_SECONDS = 0.05


async def tree_memory_exceeded(pid: int, limit_bytes: int) -> None:
    """Returns once the process tree holds more than `limit_bytes`."""
    while await asyncio.to_thread(tree_memory_bytes, pid) <= limit_bytes:  # noqa: ASYNC110 - /proc sends no events
        await asyncio.sleep(_STEP_SECONDS)


def tree_memory_bytes(pid: int) -> int:
    """Private and shared-memory pages of `pid` and all its descendants; 0 once they are gone."""
    return sum(_resident_bytes(place) for place in tree_of(pid))


def _resident_bytes(place: Path) -> int:
    try:
        lines = (place / "status").read_text().splitlines()
    except OSError:
        return 0  # It ended while we looked.
    return sum(int(line.split()[1]) << 10 for line in lines if line.startswith(("RssAnon:", "RssShmem:")))
