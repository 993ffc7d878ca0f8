"""What is looked at from outside while a run goes on, where no kernel limit does it for us."""

import asyncio
import os
from collections.abc import Callable

_STEP_SECONDS = 0.5
_SHORTEST_STEP_SECONDS = 0.02
_IDLE_CPU_SECONDS = 0.02
_PROCESSORS = os.cpu_count() or 1


async def cpu_exceeded(cpu_seconds: Callable[[], float], limit_seconds: float) -> None:
    """Returns once the clock `cpu_seconds` is past `limit_seconds`.

    Looks the more often the nearer it comes, so that the kernel's own limit for one process, a second
    above, is not met before.
    """
    while (left_seconds := limit_seconds - cpu_seconds()) >= 0:  # noqa: ASYNC110 - no event tells of it
        await asyncio.sleep(min(_STEP_SECONDS, max(_SHORTEST_STEP_SECONDS, left_seconds / _PROCESSORS)))


async def idle_for(cpu_seconds: Callable[[], float], seconds: float, has_ended: Callable[[], bool]) -> None:
    """Returns once the run has computed next to nothing for `seconds`: it sleeps, or waits for ever.

    A wall-clock limit alone must be generous, because a busy machine slows every run down; a run
    that waits for the processor still gets some of it.
    """
    last_cpu, quiet_seconds = cpu_seconds(), 0.0
    while quiet_seconds < seconds and not has_ended():
        await asyncio.sleep(_STEP_SECONDS)
        cpu = cpu_seconds()
        quiet_seconds = quiet_seconds + _STEP_SECONDS if cpu - last_cpu < _IDLE_CPU_SECONDS else 0.0
        last_cpu = cpu
