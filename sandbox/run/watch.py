"""The limits of a run that are watched from outside: processor time, memory, and computing nothing at all.

The kernel's own limits hold for single processes, or lie a little above these, so that a run can first be
asked at which line it is.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable

from sandbox.limits import Limits
from sandbox.procfs.tree import tree_memory_bytes
from sandbox.run.child import JailedChild
from sandbox.run.termination import NamedEnding, out_of_memory, out_of_patience, out_of_processor_time

_STEP_SECONDS = 0.5
_SHORTEST_STEP_SECONDS = 0.02
_MEMORY_STEP_SECONDS = 0.05
_IDLE_CPU_SECONDS = 0.02
_PROCESSORS = os.cpu_count() or 1


def watch_limits(
    child: JailedChild,
    limits: Limits,
    *,
    has_finished: Callable[[], bool],
    end_at_limit: Callable[[NamedEnding], Awaitable[None]],
) -> "list[asyncio.Future[None]]":
    """Watch each limit in a task of its own, which awaits `end_at_limit` where its limit is met.

    The tasks are the caller's to cancel.
    """
    used_before = child.cpu_seconds()  # By what it pre-warmed.

    async def idleness() -> None:
        await _idle_for(child.cpu_seconds, limits.idle_seconds, has_finished)
        await end_at_limit(out_of_patience(limits))

    async def processor_time() -> None:
        await _cpu_exceeded(child.cpu_seconds, used_before + limits.cpu_seconds)
        await end_at_limit(out_of_processor_time(limits))

    async def memory() -> None:
        if child.group is not None:
            await child.group.memory_exceeded()
        else:
            await _tree_memory_exceeded(child.pid, limits.memory_bytes)
        await end_at_limit(out_of_memory(limits))

    return [asyncio.ensure_future(watch()) for watch in (idleness, processor_time, memory)]


async def _idle_for(cpu_seconds: Callable[[], float], seconds: float, has_ended: Callable[[], bool]) -> None:
    """Wait until the run has computed next to nothing for `seconds`: it sleeps, or waits for ever.

    A wall-clock limit alone must be generous, because a busy machine slows every run down; a run
    that waits for the processor still gets some of it.
    """
    last_cpu, idle_seconds = cpu_seconds(), 0.0
    while idle_seconds < seconds and not has_ended():
        await asyncio.sleep(_STEP_SECONDS)
        cpu = cpu_seconds()
        idle_seconds = idle_seconds + _STEP_SECONDS if cpu - last_cpu < _IDLE_CPU_SECONDS else 0.0
        last_cpu = cpu


async def _cpu_exceeded(cpu_seconds: Callable[[], float], limit_seconds: float) -> None:
    """Wait until the clock `cpu_seconds` is past `limit_seconds`.

    Looks the more often the nearer it comes, so that the kernel's own limit for one process, a second
    above, is not met before.
    """
    while (left_seconds := limit_seconds - cpu_seconds()) >= 0:  # noqa: ASYNC110 - the kernel sends no event
        await asyncio.sleep(min(_STEP_SECONDS, max(_SHORTEST_STEP_SECONDS, left_seconds / _PROCESSORS)))


async def _tree_memory_exceeded(pid: int, limit_bytes: int) -> None:
    """Wait until the process tree holds more than `limit_bytes`."""
    while await asyncio.to_thread(tree_memory_bytes, pid) <= limit_bytes:  # noqa: ASYNC110 - /proc sends no events
        await asyncio.sleep(_MEMORY_STEP_SECONDS)
