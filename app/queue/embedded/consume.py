"""The slots of the embedded queue: each takes a ticket, grades it, and takes the next."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from app.errors import GraderError
from app.queue.interface import BULK, INTERACTIVE, Grade, Ticket, bulk_slots

_AFTER_AN_OUTAGE_SECONDS = 1.0

_log = logging.getLogger("jaxercise.worker")


class _Taken(Protocol):
    """The part of `EmbeddedQueue` that is used here."""

    async def take(self, *, at_least: int) -> Ticket: ...

    def done(self, ticket: Ticket) -> None: ...

    def notify(self, ticket: Ticket) -> None: ...


class EmbeddedSlots:
    """Grades what the queue hands out, `slots` at a time, all but `reserved_slots` of them whatever it is."""

    def __init__(self, queue: _Taken, grade: Grade, *, slots: int, reserved_slots: int = 0) -> None:
        self._queue = queue
        self._grade = grade
        anything = bulk_slots(slots, reserved_slots)
        self._priorities = [BULK] * anything + [INTERACTIVE] * (slots - anything)
        self._stopping = asyncio.Event()

    @asynccontextmanager
    async def running(self, *, drain_seconds: float) -> AsyncIterator[None]:
        """Grades while the block lasts. At its end runs under way get `drain_seconds` to finish;
        what is left then is cut off, and stays in the store without a verdict for the next start."""
        slots = [asyncio.create_task(self._slot(priority)) for priority in self._priorities]
        try:
            yield
        finally:
            self._stopping.set()
            _, late = await asyncio.wait(slots, timeout=drain_seconds)
            for slot in late:
                slot.cancel()
            await asyncio.gather(*slots, return_exceptions=True)

    async def _slot(self, at_least: int) -> None:
        while (ticket := await self._take(at_least)) is not None:
            again = False
            try:
                await self._grade(ticket)
            except Exception as fault:
                # A database that is away says so in a sentence; anything else is a bug, with its traceback.
                _log.error(
                    "submission %s could not be graded or stored and is tried again: %s",
                    ticket.submission_id,
                    fault,
                    exc_info=None if isinstance(fault, GraderError) else fault,
                )
                again = True
            finally:
                self._queue.done(ticket)
            if again and not ticket.cancelled.is_set():
                await asyncio.sleep(_AFTER_AN_OUTAGE_SECONDS)
                self._queue.notify(Ticket(ticket.submission_id, ticket.priority))

    async def _take(self, at_least: int) -> Ticket | None:
        """The next ticket; None once the worker is stopping."""
        if self._stopping.is_set():
            return None
        take = asyncio.ensure_future(self._queue.take(at_least=at_least))
        stop = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait({take, stop}, return_when=asyncio.FIRST_COMPLETED)
            if self._stopping.is_set():
                return None
            return take.result()
        finally:
            take.cancel()
            stop.cancel()
