"""What is looked at from outside while a run goes on, where no kernel limit does it for us."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

from sandbox.memory_watch import tree_memory_bytes

_MEMORY_SECONDS = 0.05
_STEP_SECONDS = 0.5
_IDLE_CPU_SECONDS = 0.02
_TICKS = os.sysconf("SC_CLK_TCK")


async def memory_exceeded(pid: int, limit_bytes: int) -> None:
    """Returns once the process tree holds more than `limit_bytes`."""
    while await asyncio.to_thread(tree_memory_bytes, pid) <= limit_bytes:  # noqa: ASYNC110 - /proc sends no events
        await asyncio.sleep(_MEMORY_SECONDS)


async def cpu_exceeded(pid: int, limit_seconds: float) -> None:
    """Returns once the process has used more processor time since its start.

    The kernel's own limit counts from the start too, so it cannot tell a rehearsal from the run.
    """
    while cpu_seconds_of(pid) <= limit_seconds:  # noqa: ASYNC110 - /proc sends no events
        await asyncio.sleep(_STEP_SECONDS)


async def idle_for(pid: int, seconds: float, has_ended: Callable[[], bool]) -> None:
    """Returns once the process has computed next to nothing for `seconds`: it sleeps, or waits for ever.

    A wall-clock limit alone must be generous, because a busy machine slows every run down; a run
    that waits for the processor still gets some of it.
    """
    last_cpu, quiet_seconds = cpu_seconds_of(pid), 0.0
    while quiet_seconds < seconds and not has_ended():
        await asyncio.sleep(_STEP_SECONDS)
        cpu = cpu_seconds_of(pid)
        quiet_seconds = quiet_seconds + _STEP_SECONDS if cpu - last_cpu < _IDLE_CPU_SECONDS else 0.0
        last_cpu = cpu


def cpu_seconds_of(pid: int) -> float:
    """Of the process and the children that it has waited for (proc_pid_stat(5), fields 14 to 17)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / _TICKS
