"""A process and its descendants, read from /proc."""

from collections.abc import Iterator
from pathlib import Path


def tree_of(pid: int) -> Iterator[Path]:
    """The folder in /proc of each that still lives, `pid` first."""
    waiting = [pid]
    while waiting:
        found = waiting.pop()
        place = Path(f"/proc/{found}")
        if place.exists():
            yield place
            waiting.extend(children_of(found))


def children_of(pid: int) -> list[int]:
    """Of all its threads, the dead that nobody has waited for included; empty once the process is gone."""
    found: list[int] = []
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return found
    for thread in threads:
        try:
            found.extend(int(child) for child in (thread / "children").read_text().split())
        except OSError:
            continue  # It ended while we looked.
    return found
