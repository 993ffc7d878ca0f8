"""The slots of a worker: each takes a ticket, grades it, and takes the next."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from app.jobs.queue import Queue, Ticket, tell_positions
from app.live.feed import Feed

_AFTER_AN_OUTAGE_SECONDS = 1.0

_log = logging.getLogger("jaxercise.worker")


class WorkerLoop:
    """Grades what the queue hands out, `slots` at a time."""

    def __init__(
        self, queue: Queue, feed: Feed, grade: Callable[[Ticket], Awaitable[None]], *, slots: int
    ) -> None:
        self._queue = queue
        self._feed = feed
        self._grade = grade
        self._slots = slots
        self._stopping = asyncio.Event()

    @asynccontextmanager
    async def running(self, *, drain_seconds: float) -> AsyncIterator[None]:
        """Grades while the block lasts. At its end runs under way get `drain_seconds` to finish;
        what is left then is cut off, and stays in the store without a verdict for the next start."""
        slots = [asyncio.create_task(self._slot()) for _ in range(self._slots)]
        try:
            yield
        finally:
            self._stopping.set()
            _, late = await asyncio.wait(slots, timeout=drain_seconds)
            for slot in late:
                slot.cancel()
            await asyncio.gather(*slots, return_exceptions=True)

    async def _slot(self) -> None:
        while (ticket := await self._take()) is not None:
            tell_positions(self._queue, self._feed.publish)
            again = False
            try:
                await self._grade(ticket)
            except Exception:
                _log.exception(
                    "submission %s could not be graded or stored; it is tried again", ticket.submission_id
                )
                again = True
            finally:
                self._queue.done(ticket)
            if again and not ticket.withdrawn.is_set():
                await asyncio.sleep(_AFTER_AN_OUTAGE_SECONDS)
                self._queue.announce(Ticket(ticket.submission_id, ticket.priority))

    async def _take(self) -> Ticket | None:
        """The next ticket; None once the worker is stopping."""
        if self._stopping.is_set():
            return None
        take = asyncio.ensure_future(self._queue.take())
        stop = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait({take, stop}, return_when=asyncio.FIRST_COMPLETED)
            if self._stopping.is_set():
                return None
            return take.result()
        finally:
            take.cancel()
            stop.cancel()
