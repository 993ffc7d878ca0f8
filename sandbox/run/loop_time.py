"""Deadlines on the event loop's own time: it passes while the loop is there to see what happens.

A loop that somebody holds for ten seconds sees neither the answer that came meanwhile nor the time. By any
other clock it would find the deadline past before it has looked at the answer, and take a run that was quick
for one that was late.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

_STEP_SECONDS = 0.5
"""How long the loop may be away without that being noticed; each look counts for no more."""
_TURNS = 3
"""Of the loop, after the last look: what came while it was away is read in one, and awaited in the next."""


@asynccontextmanager
async def within(seconds: float, *, step_seconds: float = _STEP_SECONDS) -> AsyncIterator[None]:
    """End the block in `TimeoutError` after so much of the loop's own time; otherwise as `asyncio.timeout`.

    Raises:
        TimeoutError
    """
    loop = asyncio.get_running_loop()
    left_seconds, step = seconds, 0.0
    limit = asyncio.timeout(None)
    timer: asyncio.Handle | None = None

    def look() -> None:
        nonlocal left_seconds, step, timer
        left_seconds -= step
        if left_seconds > 0:
            step = min(step_seconds, left_seconds)
            timer = loop.call_later(step, look)
        else:
            expire(_TURNS)

    def expire(turns: int) -> None:
        nonlocal timer
        if turns > 0:
            timer = loop.call_soon(expire, turns - 1)
        else:
            limit.reschedule(loop.time())

    async with limit:
        look()
        try:
            yield
        finally:
            if timer is not None:
                timer.cancel()


async def wait_within(
    futures: "Iterable[asyncio.Future[Any]]", seconds: float, *, return_when: str = asyncio.ALL_COMPLETED
) -> None:
    """Wait for futures as `asyncio.wait` does, for so much of the loop's own time; none is cancelled."""
    try:
        async with within(seconds):
            await asyncio.wait(futures, return_when=return_when)
    except TimeoutError:
        pass
