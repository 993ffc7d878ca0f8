"""A child that was pre-warmed and waits: frozen, and looked at now and then until it is taken."""

import asyncio
import time

import msgspec

from sandbox.limits import Limits
from sandbox.procfs.tree import tree_memory_bytes, tree_of
from sandbox.run.child import JailedChild

_RAN_SECONDS = 0.1
"""More than a clock's step, and more than is left to do for a process that is being frozen."""
_GREW_BYTES = 16 << 20


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A frozen child, and what it had used when it began to wait."""

    child: JailedChild
    since: float
    """As of `time.monotonic`."""
    cpu_seconds: float
    memory_bytes: int
    processes: int

    @property
    def is_ready(self) -> bool:
        """Whether it lives and has stood still; quick enough to be asked while a learner waits."""
        return self.child.is_alive and self.child.is_frozen

    async def why_not(self) -> str:
        """Say why it may wait no longer; empty where it may."""
        child = self.child
        if not child.is_alive:
            return "it has ended"
        if not child.is_frozen or child.cpu_seconds() > self.cpu_seconds + _RAN_SECONDS:
            return "it runs on"
        if await asyncio.to_thread(tree_memory_bytes, child.pid) > self.memory_bytes + _GREW_BYTES:
            return "it grows"
        if _count_processes(child) > self.processes:
            return "it starts processes"
        return ""


class MayNotWait(Exception):
    """A child that was pre-warmed cannot be kept; the message says why."""


async def let_wait(child: JailedChild, limits: Limits) -> Waiting:
    """Freeze a child that was pre-warmed.

    Raises:
        MayNotWait: it cannot be frozen, or holds too much.
    """
    if not await child.freeze():
        raise MayNotWait("it cannot be stopped")
    memory_bytes = await asyncio.to_thread(tree_memory_bytes, child.pid)
    if child.group is None and memory_bytes > limits.memory_bytes:
        raise MayNotWait(f"it holds {memory_bytes >> 20} MB")
    processes = _count_processes(child)
    if processes > limits.processes:
        raise MayNotWait(f"it has {processes} processes")
    return Waiting(
        child=child,
        since=time.monotonic(),
        cpu_seconds=child.cpu_seconds(),
        memory_bytes=memory_bytes,
        processes=processes,
    )


def _count_processes(child: JailedChild) -> int:
    return sum(1 for _ in tree_of(child.pid))
