"""A worker on Procrastinate: takes jobs while PostgreSQL is there, and comes back when it was away."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import cast

from procrastinate import App, JobContext, RetryStrategy
from procrastinate.exceptions import JobAborted
from procrastinate.job_context import AbortReason

from app.queue.interface import Grade, Ticket, bulk_slots
from app.queue.postgres.app import BULK_QUEUE, INTERACTIVE_QUEUE, TASK, make_app
from app.queue.postgres.jittered_jobs import StaggeredJobs
from app.queue.postgres.reaper import STALLED_SECONDS, Sweep
from app.store.engine.database import Database

_BEAT_SECONDS = 1.0
_POLL_SECONDS = 1.0
_AFTER_AN_OUTAGE_SECONDS = 0.5
_LAST_WORDS_SECONDS = 8.0
# Rows of workers that are gone; the sweep has freed their jobs long before.
_FORGET_SECONDS = 6 * STALLED_SECONDS

_log = logging.getLogger("jaxercise.worker")


class ProcrastinateWorker:
    """Grades jobs of both queues, `slots` at a time; made for one `running`."""

    def __init__(
        self, database: Database, grade: Grade, *, slots: int, reserved_slots: int, drain_seconds: float
    ) -> None:
        self._database = database
        self._grade = grade
        anything = bulk_slots(slots, reserved_slots)
        self._concurrency: dict[tuple[str, ...], int] = {(INTERACTIVE_QUEUE, BULK_QUEUE): anything}
        if slots > anything:
            self._concurrency[INTERACTIVE_QUEUE,] = slots - anything
        self._drain_seconds = drain_seconds
        self._stopping = asyncio.Event()
        self._gradings: set[asyncio.Future[None]] = set()
        self._sweep = Sweep(database)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Works while the block lasts, through outages, then drains."""
        working = asyncio.create_task(self._work())
        sweeping = asyncio.create_task(self._sweep.run())
        try:
            yield
        finally:
            self._stopping.set()
            await asyncio.wait({working}, timeout=self._drain_seconds)
            for grading in self._gradings:
                grading.cancel()
            # In an outage nothing can be given back: the sweep of others does that, once it is over.
            await asyncio.wait({working}, timeout=_LAST_WORDS_SECONDS)
            working.cancel()
            sweeping.cancel()
            await asyncio.gather(working, sweeping, return_exceptions=True)

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
                    await self._serve(app)
            except Exception as fault:
                if not away:
                    _log.warning("the queue is out of reach (%s); trying again", type(fault).__name__)
                away = True
            with suppress(TimeoutError):
                async with asyncio.timeout(_AFTER_AN_OUTAGE_SECONDS):
                    await self._stopping.wait()

    async def _serve(self, app: App) -> None:
        """Until told to stop, or until one of the workers has lost its database; runs under way go on to
        their end, unless `running` cuts them off."""
        workers = [
            asyncio.create_task(
                app.run_worker_async(
                    queues=list(queues),
                    concurrency=concurrency,
                    install_signal_handlers=False,
                    delete_jobs="always",
                    update_heartbeat_interval=_BEAT_SECONDS,
                    fetch_job_polling_interval=_POLL_SECONDS,
                    abort_job_polling_interval=_POLL_SECONDS,
                    stalled_worker_timeout=_FORGET_SECONDS,
                )
            )
            for queues, concurrency in self._concurrency.items()
        ]
        stop = asyncio.create_task(self._stopping.wait())
        await asyncio.wait({*workers, stop}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        for worker in workers:
            worker.cancel()
        for ended in await asyncio.gather(*workers, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended

    async def _handle(self, context: JobContext, submission_id: str) -> None:
        job = context.job
        assert job.id is not None
        ticket = Ticket(submission_id, job.priority)
        self._sweep.began(job.id, job.worker_id)
        grading = asyncio.ensure_future(self._grade(ticket))
        self._gradings.add(grading)
        try:
            await asyncio.shield(grading)
        except asyncio.CancelledError:
            if context.abort_reason() is AbortReason.USER_REQUEST:
                ticket.cancelled.set()
                await asyncio.wait({grading})
                return
            grading.cancel()
            await asyncio.gather(grading, return_exceptions=True)
            raise
        finally:
            self._gradings.discard(grading)
            self._sweep.ended(job.id)


def _retry() -> RetryStrategy:
    # For ever: the submission's row counts what fails through our fault, and ends it.
    # What is cancelled is a BaseException, and yet what a stopping worker gives back.
    given_back = cast("list[type[Exception]]", [Exception, asyncio.CancelledError, JobAborted])
    return RetryStrategy(wait=1, retry_exceptions=given_back)
