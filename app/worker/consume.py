"""The loop that takes jobs: each slot of a worker takes one, runs it, and takes the next."""

import asyncio
import contextlib
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

_OVERTAKING_AFTER_SECONDS = 2.0
"""What learners wait behind a less urgent job, once it runs: regrades mostly end before."""

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
    overtaking_after_seconds: float = _OVERTAKING_AFTER_SECONDS,
) -> AsyncIterator[None]:
    """Run the queue's jobs while the block lasts, `slots` at a time, some of them for learners alone.

    Where no slot is reserved, learners pass a less urgent job that takes longer than
    `overtaking_after_seconds`: beside it one of theirs is run at a time, and its slot is free again when
    both have ended.

    At the end of the block nothing new begins; runs under way get `drain_seconds`, and are then cancelled.
    """
    priorities = slot_priorities(slots, reserved_slots)
    consumer = _Consumer(
        queue,
        run,
        pause_seconds=after_a_fault_seconds,
        overtaking_after_seconds=None if INTERACTIVE in priorities else overtaking_after_seconds,
    )
    async with queue.handing_out(priorities) as source:
        tasks = [asyncio.create_task(consumer.serve(source, at_least=priority)) for priority in priorities]
        try:
            yield
        finally:
            source.stop()
            consumer.stop_overtaking()
            for seconds in (drain_seconds, _LAST_WORDS_SECONDS):
                _, late = await asyncio.wait(tasks, timeout=seconds)
                for task in late:
                    task.cancel()
                if not late:
                    break
            await asyncio.gather(*tasks, return_exceptions=True)


class _Consumer:
    """What the slots of one worker have in common."""

    def __init__(
        self, queue: Queue, run: Run, *, pause_seconds: float, overtaking_after_seconds: float | None
    ) -> None:
        self._queue = queue
        self._run = run
        self._pause_seconds = pause_seconds
        self._overtaking_after_seconds = overtaking_after_seconds
        """None where a slot is reserved, and nobody needs to pass."""
        self._overtaken: set[asyncio.Event] = set()
        """One for each job that learners pass; set when nobody is to begin beside it any more."""

    async def serve(self, source: Source, *, at_least: int) -> None:
        """Be one slot, until the source is stopped."""
        while (ticket := await source.take(at_least=at_least)) is not None:
            has_ended = False
            try:
                async with self._letting_learners_pass(ticket):
                    await self._run(ticket)
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
                    await asyncio.sleep(self._pause_seconds)
            finally:
                if has_ended or ticket.cancelled.is_set():
                    source.done(ticket)
                else:
                    source.release(ticket)

    def stop_overtaking(self) -> None:
        """Begin nothing more beside the jobs that learners pass."""
        for ended in self._overtaken:
            ended.set()

    @asynccontextmanager
    async def _letting_learners_pass(self, ticket: Ticket) -> AsyncIterator[None]:
        seconds = self._overtaking_after_seconds
        if seconds is None or ticket.priority >= INTERACTIVE:
            yield
            return
        ended = asyncio.Event()
        self._overtaken.add(ended)
        overtaking = asyncio.create_task(self._overtake(ended, seconds))
        try:
            yield
        except asyncio.CancelledError:
            overtaking.cancel()  # The worker stops, and has waited long enough for both.
            raise
        finally:
            self._overtaken.discard(ended)
            ended.set()
            # One that has begun ends first, so that no more run at once than before.
            try:
                await asyncio.wait({overtaking})
            finally:
                overtaking.cancel()

    async def _overtake(self, ended: asyncio.Event, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await ended.wait()
        if ended.is_set():
            return
        async with self._queue.handing_out([INTERACTIVE]) as source:
            serving = asyncio.create_task(self.serve(source, at_least=INTERACTIVE))
            try:
                await ended.wait()
                source.stop()
                await serving
            finally:
                serving.cancel()
                await asyncio.gather(serving, return_exceptions=True)
