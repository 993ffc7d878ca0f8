"""The loop that takes jobs: each slot of a worker takes one, runs it, and takes the next."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from app.core.job import BULK, INTERACTIVE
from app.errors import GraderError
from app.queue.interface import Queue, Source, Ticket

Run = Callable[[Ticket], Awaitable[None]]
"""Takes a job to its stored result. Where it raises, the job comes again a moment later; where it is
cancelled, because a worker stops, it comes again at once, to whoever works then."""

_AFTER_A_FAULT_SECONDS = 1.0
_LAST_WORDS_SECONDS = 8.0
"""What a run that is cut off may take to give its job back; in an outage that is in vain."""

_log = logging.getLogger("jaxercise.worker")


def slot_priorities(slots: int, reserved_slots: int) -> list[int]:
    """Return the least priority that each slot takes.

    Of more than one slot `reserved_slots` (all but one at most) take what is `INTERACTIVE` only.
    """
    anything = max(1, slots - reserved_slots)
    return [BULK] * anything + [INTERACTIVE] * (slots - anything)


@asynccontextmanager
async def consuming(
    queue: Queue,
    run: Run,
    *,
    slots: int,
    reserved_slots: int,
    drain_seconds: float,
    after_a_fault_seconds: float = _AFTER_A_FAULT_SECONDS,
) -> AsyncIterator[None]:
    """Run the queue's jobs while the block lasts, `slots` at a time, some of them for learners alone.

    At the end of the block nothing new begins; runs under way get `drain_seconds`, and are then cancelled.
    """
    priorities = slot_priorities(slots, reserved_slots)
    async with queue.handing_out(priorities) as source:
        tasks = [
            asyncio.create_task(_serve(source, run, at_least=priority, pause_seconds=after_a_fault_seconds))
            for priority in priorities
        ]
        try:
            yield
        finally:
            source.stop()
            for seconds in (drain_seconds, _LAST_WORDS_SECONDS):
                _, late = await asyncio.wait(tasks, timeout=seconds)
                for task in late:
                    task.cancel()
                if not late:
                    break
            await asyncio.gather(*tasks, return_exceptions=True)


async def _serve(source: Source, run: Run, *, at_least: int, pause_seconds: float) -> None:
    """Be one slot, until the source is stopped."""
    while (ticket := await source.take(at_least=at_least)) is not None:
        has_ended = False
        try:
            await run(ticket)
            has_ended = True
        except Exception as fault:
            # A database that is away says so in a sentence; anything else is a bug, with its traceback.
            _log.error(
                "job %s could not be run or stored and is tried again: %s",
                ticket.job_id,
                fault,
                exc_info=None if isinstance(fault, GraderError) else fault,
            )
            if not ticket.cancelled.is_set():
                await asyncio.sleep(pause_seconds)
        finally:
            if has_ended or ticket.cancelled.is_set():
                source.done(ticket)
            else:
                source.release(ticket)
