"""A process and its descendants, read from /proc."""

from collections.abc import Iterator
from pathlib import Path


def tree_of(pid: int) -> Iterator[Path]:
    """The folder in /proc of each that still lives, `pid` first."""
    waiting = [pid]
    while waiting:
        place = Path(f"/proc/{waiting.pop()}")
        try:
            tasks = list((place / "task").iterdir())
        except OSError:
            continue  # It ended while we looked.
        yield place
        for task in tasks:
            try:
                waiting.extend(int(child) for child in (task / "children").read_text().split())
            except OSError:
                continue
