"""From a queue's ticket to a stored result: exactly one, however often it takes, whatever the job's kind.

The law of jobs stands in `app/store/queries/jobs.py`; this is a worker's part of it.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Mapping
from typing import Any

import msgspec

from app.core.job import ATTEMPTS, Ending, Job
from app.core.log_context import submission_in_log
from app.errors import GraderError
from app.metrics.metrics import GradingCounts
from app.queue.interface import Queue, Ticket
from app.store.engine.database import Database
from app.store.engine.open import retry_until_available
from app.store.queries import jobs
from app.worker.kinds.kind import Kind
from sandbox.interface import Starved

_log = logging.getLogger("jaxercise.worker")


class RunJob:
    """Runs one ticket after the other; safe to call from several slots at once."""

    def __init__(
        self, database: Database, queue: Queue, kinds: Mapping[str, Kind[Any, Any]], counts: GradingCounts
    ) -> None:
        self._database = database
        self._queue = queue
        self._kinds = kinds
        self._counts = counts

    async def __call__(self, ticket: Ticket) -> None:
        """Claim the job, run it, and store the result if no other has been stored meanwhile.

        Our own faults are stored too, once they have happened three times. A claim on a database that
        can't be reached raises, and the ticket must come again; a result waits until it is back.
        """
        with submission_in_log(ticket.job_id):
            await self._run_once(ticket)

    async def _run_once(self, ticket: Ticket) -> None:
        async with self._database.transaction() as connection:
            job = await jobs.claim(connection, ticket.job_id)
            if job is None:
                return
            kind = self._kinds.get(job.kind)
            if kind is None:
                raise GraderError(
                    f"There is a job of the kind {job.kind!r}, which this worker does not know."
                )
            subject = await kind.load(connection, job)
            if subject is None:
                await jobs.finish(connection, job, Ending.CANCELLED)
                return
        if job.failures >= ATTEMPTS:
            # The process died with it each time, or it would have been given up below.
            await self._finish(kind, job, subject, kind.give_up(job, subject), Ending.FAILED)
            return
        try:
            result = await self._run_unless_cancelled(kind, job, subject, ticket)
        except asyncio.CancelledError:
            # The worker stops. It has not failed, and whoever works next takes it up.
            with contextlib.suppress(Exception):
                await asyncio.shield(self._give_back(job, failed=False))
            raise
        except Starved as fault:
            if job.attempt - job.failures > 1:
                await self._failed(kind, job, subject, fault)  # It was put back once already.
            else:
                _log.warning("attempt %d at %s is put back: %s", job.attempt, job.kind, fault)
                await self._put_back(job, failed=False)
                await kind.put_back(job, subject)
            return
        except Exception as fault:
            await self._failed(kind, job, subject, fault)
            return
        if result is not None:
            await self._finish(kind, job, subject, result, Ending.FINISHED)

    async def _failed(self, kind: Kind[Any, Any], job: Job, subject: Any, fault: Exception) -> None:
        _report(job, fault)
        self._counts.failure()
        if job.failures + 1 >= ATTEMPTS:
            await self._finish(kind, job, subject, kind.give_up(job, subject), Ending.FAILED)
        else:
            await self._put_back(job, failed=True)

    async def _run_unless_cancelled(
        self, kind: Kind[Any, Any], job: Job, subject: Any, ticket: Ticket
    ) -> Any | None:
        """Return the result; None where nobody wants it any more, in which case the run has been stopped."""

        async def report(progress: Any) -> None:
            text = msgspec.json.encode(progress).decode()
            async with self._database.transaction() as connection:
                await jobs.write_progress(connection, job, text)

        run = asyncio.ensure_future(kind.run(job, subject, report))
        cancelled = asyncio.ensure_future(ticket.cancelled.wait())
        try:
            await asyncio.wait({run, cancelled}, return_when=asyncio.FIRST_COMPLETED)
            return None if ticket.cancelled.is_set() else run.result()
        finally:
            for task in (run, cancelled):
                task.cancel()
            await asyncio.gather(run, cancelled, return_exceptions=True)

    async def _finish(
        self, kind: Kind[Any, Any], job: Job, subject: Any, result: Any, ending: Ending
    ) -> None:
        start, tries = time.perf_counter(), 0

        async def finish() -> bool:
            nonlocal tries
            tries += 1
            async with self._database.transaction() as connection:
                if await jobs.finish(connection, job, ending, result=kind.result_json(result)):
                    await kind.store(connection, job, subject, result)
                    return True
                # The first try may have written it, where only the answer to its commit was lost.
                return tries > 1 and await jobs.was_ended_by(connection, job)

        if await retry_until_available(finish):
            await kind.stored(job, subject, result, seconds=time.perf_counter() - start)

    async def _put_back(self, job: Job, *, failed: bool) -> None:
        again = Ticket.of(job)
        if await retry_until_available(lambda: self._give_back(job, failed=failed, again=again)):
            self._queue.notify(again)

    async def _give_back(self, job: Job, *, failed: bool, again: Ticket | None = None) -> bool:
        async with self._database.transaction() as connection:
            held = await jobs.give_back(connection, job, failed=failed)
            if held and again is not None:
                await self._queue.enqueue(connection, again)
        return held


def _report(job: Job, fault: Exception) -> None:
    # Our own errors explain themselves; anything else is a bug and needs its traceback.
    trace = None if isinstance(fault, GraderError) else fault
    _log.error(
        "attempt %d at %s %s failed: %s: %s",
        job.attempt,
        job.kind,
        job.subject,
        type(fault).__name__,
        fault,
        exc_info=trace,
    )
