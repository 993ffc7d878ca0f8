"""The memory that the service and the jails below it hold, read from /proc."""

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge

_FRESH_SECONDS = 5.0


class MemoryGauges:
    """Pages that several processes share are divided among them, so that the sum is what is really held."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._gauge = Gauge(
            "jaxercise_memory_bytes",
            "Memory held, shared pages divided among those who share them: the `service` "
            "itself, and the `jails` below it",
            ["part"],
            registry=registry,
        )
        self._read_at = -_FRESH_SECONDS

    async def refresh(self) -> None:
        """Read it unless it is fresh; beside the event loop, since the kernel walks through every page."""
        if time.monotonic() - self._read_at < _FRESH_SECONDS:
            return
        self._read_at = time.monotonic()
        service, jails = await asyncio.to_thread(_read)
        self._gauge.labels("service").set(service)
        self._gauge.labels("jails").set(jails)


def _read() -> tuple[int, int]:
    me = os.getpid()
    below = set(_descendants(me))
    # Processes that were forked from this one and run the same program: the grading process and its parent.
    ours = {pid for pid in below if _command(pid) == _command(me)}
    return sum(map(held_bytes, {me, *ours})), sum(map(held_bytes, below - ours))


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def held_bytes(pid: int) -> int:
    """Return the proportional set size of a process, or 0 once it is gone.

    Where that is not ours to read, all pages but those of files count, once for each that shares them.
    """
    place = Path(f"/proc/{pid}")
    try:
        return _kilobytes((place / "smaps_rollup").read_text(), ("Pss:",)) << 10
    except OSError:
        pass
    try:
        return _kilobytes((place / "status").read_text(), ("RssAnon:", "RssShmem:")) << 10
    except OSError:
        return 0


def _kilobytes(text: str, names: tuple[str, ...]) -> int:
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith(names))


def _descendants(pid: int) -> Iterator[int]:
    waiting = list(_children(pid))
    while waiting:
        found = waiting.pop()
        yield found
        waiting.extend(_children(found))


def _children(pid: int) -> Iterator[int]:
    for thread in Path(f"/proc/{pid}/task").glob("*"):
        try:
            yield from map(int, (thread / "children").read_text().split())
        except OSError:
            continue  # It ended while we looked.
