"""Procrastinate hands out jobs: its workers fetch while PostgreSQL is there, again after an outage."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import cast

from procrastinate import App, JobContext, RetryStrategy
from procrastinate.exceptions import JobAborted
from procrastinate.job_context import AbortReason

from app.core.job import INTERACTIVE
from app.queue.interface import Ticket
from app.queue.postgres.app import BULK_QUEUE, INTERACTIVE_QUEUE, TASK, make_app
from app.queue.postgres.job_manager import StaggeredJobs
from app.queue.postgres.sweep import Sweep, SweepTimes
from app.store.engine.database import Database

_BEAT_SECONDS = 1.0
_AFTER_AN_OUTAGE_SECONDS = 0.5
_LAST_WORDS_SECONDS = 8.0
_LEAST = "at_least"

_log = logging.getLogger("jaxercise.worker")


class Released(Exception):
    """Ends a job of Procrastinate's so that it comes again."""


class ProcrastinateSource:
    """Hands the jobs that Procrastinate's workers fetch to as many slots; made for one `running`.

    Procrastinate fetches only for a slot that is free, and by itself renews a worker's heartbeat, so each
    kind of slot (those that take anything, those for learners alone) is one of its workers. A job that was
    fetched stays in the hands of that worker until its taker says how it ended.
    """

    def __init__(
        self, database: Database, slots: Sequence[int], *, poll_seconds: float, times: SweepTimes
    ) -> None:
        self._database = database
        self._concurrency = Counter(slots)
        self._poll_seconds = poll_seconds
        self._forget_seconds = times.forget_seconds
        self._handed: dict[int, asyncio.Queue[Ticket]] = {least: asyncio.Queue() for least in slots}
        self._held: dict[Ticket, asyncio.Future[None]] = {}
        self._stopping = asyncio.Event()
        self._sweep = Sweep(database, times)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Fetch while the block lasts, through outages; what is still held at its end comes again."""
        working = asyncio.create_task(self._work())
        sweeping = asyncio.create_task(self._sweep.run())
        try:
            yield
        finally:
            self._stopping.set()
            for ticket in list(self._held):
                self.release(ticket)
            # In an outage nothing can be given back: the sweep of others does that, once it is over.
            await asyncio.wait({working}, timeout=_LAST_WORDS_SECONDS)
            working.cancel()
            sweeping.cancel()
            await asyncio.gather(working, sweeping, return_exceptions=True)

    async def take(self, *, at_least: int) -> Ticket | None:
        handed = self._handed[at_least]
        # What was fetched before the stop has a slot that is free for it.
        if self._stopping.is_set() and handed.empty():
            return None
        take = asyncio.ensure_future(handed.get())
        stop = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait({take, stop}, return_when=asyncio.FIRST_COMPLETED)
            return take.result() if take.done() else None
        finally:
            take.cancel()
            stop.cancel()

    def done(self, ticket: Ticket) -> None:
        if (ended := self._held.get(ticket)) is not None and not ended.done():
            ended.set_result(None)

    def release(self, ticket: Ticket) -> None:
        if (ended := self._held.get(ticket)) is not None and not ended.done():
            ended.set_exception(Released())

    def stop(self) -> None:
        self._stopping.set()

    async def _work(self) -> None:
        away = False
        while not self._stopping.is_set():
            try:
                await self._database.ping()
                if away:
                    _log.info("the queue is within reach again")
                away = False
                app = make_app(self._database.url)
                app.job_manager = StaggeredJobs(app.connector, lambda: self._sweep.span_seconds)
                app.task(name=TASK, pass_context=True, retry=_retry())(self._handle)
                async with app.open_async():
                    await self._fetch(app)
            except Exception as fault:
                if not away:
                    _log.warning("the queue is out of reach (%s); trying again", type(fault).__name__)
                away = True
            with suppress(TimeoutError):
                async with asyncio.timeout(_AFTER_AN_OUTAGE_SECONDS):
                    await self._stopping.wait()

    async def _fetch(self, app: App) -> None:
        """Run Procrastinate's workers until stopped, or until one of them has lost its database.

        Jobs in hand stay there until they end.
        """
        workers = [
            asyncio.create_task(
                app.run_worker_async(
                    queues=[INTERACTIVE_QUEUE] if least >= INTERACTIVE else [INTERACTIVE_QUEUE, BULK_QUEUE],
                    concurrency=concurrency,
                    additional_context={_LEAST: least},
                    install_signal_handlers=False,
                    delete_jobs="always",
                    update_heartbeat_interval=_BEAT_SECONDS,
                    fetch_job_polling_interval=self._poll_seconds,
                    abort_job_polling_interval=self._poll_seconds,
                    stalled_worker_timeout=self._forget_seconds,
                )
            )
            for least, concurrency in self._concurrency.items()
        ]
        stop = asyncio.create_task(self._stopping.wait())
        await asyncio.wait({*workers, stop}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        for worker in workers:
            worker.cancel()
        for ended in await asyncio.gather(*workers, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended

    async def _handle(self, context: JobContext, job_id: str) -> None:
        """Hold one job of Procrastinate's from its fetch to its end."""
        job = context.job
        assert job.id is not None
        if self._stopping.is_set():
            raise Released
        ticket = Ticket(job_id, job.priority)
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._held[ticket] = ended
        self._sweep.began(job.id, job.worker_id)
        self._handed[context.additional_context[_LEAST]].put_nowait(ticket)
        try:
            await asyncio.shield(ended)
        except asyncio.CancelledError:
            if context.abort_reason() is not AbortReason.USER_REQUEST:
                raise
            ticket.cancelled.set()
            await asyncio.wait({ended})
        finally:
            del self._held[ticket]
            self._sweep.ended(job.id)
            if ended.done():
                ended.exception()  # Else one that nobody waited for is told of as never retrieved.


def _retry() -> RetryStrategy:
    # For ever: the job's own row counts what fails through our fault, and ends it.
    # What is cancelled is a BaseException, and yet what a stopping worker gives back.
    given_back = cast("list[type[Exception]]", [Exception, asyncio.CancelledError, JobAborted])
    return RetryStrategy(retry_exceptions=given_back)
