"""Memory of a process tree, read from /proc: for hosts where no control group can be made."""

from pathlib import Path


def tree_memory_bytes(pid: int) -> int:
    """Private and shared-memory pages of `pid` and all its descendants; 0 once they are gone."""
    total, waiting = 0, [pid]
    while waiting:
        place = Path(f"/proc/{waiting.pop()}")
        try:
            total += _resident_bytes(place)
            for task in (place / "task").iterdir():
                waiting.extend(int(child) for child in (task / "children").read_text().split())
        except OSError:
            continue  # It ended while we looked.
    return total


def _resident_bytes(place: Path) -> int:
    kilobytes = 0
    for line in (place / "status").read_text().splitlines():
        if line.startswith(("RssAnon:", "RssShmem:")):
            kilobytes += int(line.split()[1])
    return kilobytes * 1024
