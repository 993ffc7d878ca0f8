"""The limits of a run that are watched from outside: its own time, processor time and memory.

The kernel's own limits hold for single processes, or lie a little above these, so that a run can first be
asked at which line it is.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable

import msgspec

from sandbox.interface import Starved
from sandbox.limits import Limits
from sandbox.procfs.tree import tree_holds_more
from sandbox.run.child import JailedChild
from sandbox.run.own_time import LOOK_SECONDS, OwnTime, waiting_counter
from sandbox.run.termination import (
    NamedEnding,
    out_of_memory,
    out_of_patience,
    out_of_processor_time,
    out_of_wall_time,
)

_STEP_SECONDS = 0.5
_SHORTEST_STEP_SECONDS = 0.02
_MEMORY_STEP_SECONDS = 0.05
_PROCESSORS = os.cpu_count() or 1


class TimeKept(msgspec.Struct, kw_only=True):
    """What the watch over time has found so far."""

    starved_seconds: float = 0.0


def watch_limits(
    child: JailedChild,
    limits: Limits,
    *,
    has_finished: Callable[[], bool],
    has_waited_for_us: Callable[[], bool],
    end_at_limit: Callable[[NamedEnding], Awaitable[None]],
    kept: TimeKept,
) -> "list[asyncio.Future[None]]":
    """Watch each limit in a task of its own, which awaits `end_at_limit` where its limit is met.

    `has_waited_for_us` says, at each look, whether since the last one the run waited for an order or for its
    report to be read. The tasks are the caller's to cancel. The one that watches time raises `Starved`.
    """
    # What it pre-warmed is not this run's.
    used_before, compiled_before = child.cpu_seconds(), child.compile_seconds()

    def compiled() -> float:
        return child.compile_seconds() - compiled_before

    def computed() -> float:
        return child.cpu_seconds() - used_before - min(compiled(), limits.compile_seconds)

    async def own_time() -> None:
        ending = await _out_of_own_time(child, limits, has_finished, has_waited_for_us, kept)
        if ending is not None:
            await end_at_limit(ending)

    async def processor_time() -> None:
        await _cpu_exceeded(computed, limits.cpu_seconds)
        await end_at_limit(out_of_processor_time(limits, has_compiled=compiled() > limits.compile_seconds))

    async def memory() -> None:
        if child.group is not None:
            await child.group.memory_exceeded()
        else:
            await _tree_memory_exceeded(child.pid, limits.memory_bytes)
        await end_at_limit(out_of_memory(limits))

    return [asyncio.ensure_future(watch()) for watch in (own_time, processor_time, memory)]


async def _out_of_own_time(
    child: JailedChild,
    limits: Limits,
    has_finished: Callable[[], bool],
    has_waited_for_us: Callable[[], bool],
    kept: TimeKept,
) -> NamedEnding | None:
    """Wait until the run's own time is over, or it has computed next to nothing for too long.

    It sleeps then, or waits for ever. None once it has finished.

    Raises:
        Starved: it waited for a processor for longer than anybody should.
    """
    own_time = OwnTime(child.cpu_seconds, waiting_counter(child.pid, child.group))
    own_seconds = idle_seconds = 0.0
    printed = 0
    while not has_finished():
        left_seconds = limits.wall_seconds - own_seconds
        await asyncio.sleep(min(LOOK_SECONDS, max(_SHORTEST_STEP_SECONDS, left_seconds)))
        passed = own_time.look()
        own_seconds += passed.own_seconds
        kept.starved_seconds += passed.starved_seconds
        # Who has printed may have waited until that was read.
        printed_before, printed = printed, sum(output.seen_bytes for output in child.outputs)
        is_idle = passed.is_idle and printed == printed_before and not has_waited_for_us()
        idle_seconds = idle_seconds + passed.own_seconds if is_idle else 0.0
        if idle_seconds >= limits.idle_seconds:
            return out_of_patience(limits)
        if own_seconds >= limits.wall_seconds:
            return out_of_wall_time(limits)
        if kept.starved_seconds >= limits.starved_seconds:
            raise Starved(f"a run waited for a processor for {kept.starved_seconds:.0f} s")
    return None


async def _cpu_exceeded(cpu_seconds: Callable[[], float], limit_seconds: float) -> None:
    """Wait until the clock `cpu_seconds` is past `limit_seconds`.

    Looks the more often the nearer it comes, so that the kernel's own limit for one process, a second
    above, is not met before.
    """
    while (left_seconds := limit_seconds - cpu_seconds()) >= 0:  # noqa: ASYNC110 - the kernel sends no event
        await asyncio.sleep(min(_STEP_SECONDS, max(_SHORTEST_STEP_SECONDS, left_seconds / _PROCESSORS)))


async def _tree_memory_exceeded(pid: int, limit_bytes: int) -> None:
    """Wait until the process tree holds more than `limit_bytes`."""
    while not await _holds_more(pid, limit_bytes):  # noqa: ASYNC110 - /proc sends no events
        await asyncio.sleep(_MEMORY_STEP_SECONDS)


async def _holds_more(pid: int, limit_bytes: int) -> bool:
    looking = asyncio.ensure_future(asyncio.to_thread(tree_holds_more, pid, limit_bytes))
    try:
        return await asyncio.shield(looking)
    except asyncio.CancelledError:
        # A thread goes on all the same, with files open; a tree of many processes takes it a while.
        await asyncio.wait([looking])
        raise
