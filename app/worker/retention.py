"""Taking away what is kept for a time only: as the settings say, and jobs that ended long ago.

The same passes bring what older code has written up to date, a batch a transaction.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import msgspec

from app.store.engine.database import Connection, Database
from app.store.queries import jobs, retention
from app.store.queries.retention import Batch, Place

_BATCH = 500
_BETWEEN_BATCHES_SECONDS = 0.05
"""So that others get to write meanwhile, on SQLite above all."""
_FIRST_AFTER_SECONDS = 60.0
_EVERY_SECONDS = 3600.0
_LOOK_BACK = timedelta(hours=1)
"""How late a process of older code may commit what it says ended before."""
_KEEP_JOBS_DAYS = 30
"""How long a job is kept after its end, and what came of it where that lies nowhere else."""

_log = logging.getLogger("jaxercise.retention")

_Step = Callable[[Connection, datetime, Place | None], Awaitable[Batch]]


class Cleaned(msgspec.Struct, frozen=True, kw_only=True):
    """What one pass took away."""

    outputs: int
    """Submissions whose printed output was removed."""
    runs: int
    """Drafts that were deleted."""
    jobs: int
    """Jobs that ended long ago and were deleted; what came of a submission stays with it."""
    is_complete: bool
    """False where another process is at it, and does the rest."""


class Retention:
    """Removes printed output after `keep_output_days` and drafts after `keep_runs_days`; 0 keeps for ever.

    Jobs that have ended go after `keep_jobs_days`.
    """

    def __init__(
        self,
        database: Database,
        *,
        keep_output_days: int,
        keep_runs_days: int,
        keep_jobs_days: int = _KEEP_JOBS_DAYS,
        batch: int = _BATCH,
        first_after_seconds: float = _FIRST_AFTER_SECONDS,
        every_seconds: float = _EVERY_SECONDS,
    ) -> None:
        self._database = database
        self._keep_output_days = keep_output_days
        self._keep_runs_days = keep_runs_days
        self._keep_jobs_days = keep_jobs_days
        self._first_after_seconds = first_after_seconds
        self._every_seconds = every_seconds
        self._batch = batch

    @property
    def has_work(self) -> bool:
        """Whether the settings keep anything for a time only."""
        return bool(self._keep_output_days or self._keep_runs_days)

    async def clean(self) -> Cleaned:
        """Make one pass. Safe to call in several processes at once, and to cut off at any moment."""
        await self._pass(_LOOK_BACK, self._add_verdict_rows)
        old_jobs, jobs_complete = await self._pass(timedelta(days=self._keep_jobs_days), self._delete_jobs)
        runs, runs_complete = await self._pass(timedelta(days=self._keep_runs_days), self._delete_runs)
        keep_outputs = timedelta(days=self._keep_output_days)
        outputs, outputs_complete = await self._pass(keep_outputs, self._remove_outputs)
        await self._pass(keep_outputs, self._remove_later_outputs)
        if runs or outputs:
            _log.info("retention: %d drafts deleted, the output of %d submissions removed", runs, outputs)
        return Cleaned(
            outputs=outputs,
            runs=runs,
            jobs=old_jobs,
            is_complete=runs_complete and outputs_complete and jobs_complete,
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Make a pass an hour while the block lasts."""
        cleaning = asyncio.create_task(self._clean_hourly())
        try:
            yield
        finally:
            cleaning.cancel()
            await asyncio.gather(cleaning, return_exceptions=True)

    async def _clean_hourly(self) -> None:
        """Go on until cancelled; a pass that fails, as in an outage, is logged and comes again."""
        await asyncio.sleep(self._first_after_seconds)
        while True:
            try:
                await self.clean()
            except Exception as fault:
                _log.warning("retention failed and is tried again in an hour: %s", type(fault).__name__)
            await asyncio.sleep(self._every_seconds)

    async def _pass(self, keep: timedelta, step: _Step) -> tuple[int, bool]:
        if not keep:
            return 0, True
        before = datetime.now(UTC) - keep
        changed, place = 0, None
        while True:
            async with self._database.transaction() as connection:
                if not await retention.is_ours_to_do(connection):
                    return changed, False
                batch = await step(connection, before, place)
            changed += batch.changed
            if batch.place is None:
                return changed, True
            place = batch.place
            await asyncio.sleep(_BETWEEN_BATCHES_SECONDS)

    async def _delete_jobs(self, connection: Connection, before: datetime, after: Place | None) -> Batch:
        deleted = await jobs.delete_ended(connection, before=before, limit=self._batch)
        return Batch(changed=deleted, place=Place(finished_at=before, id="") if deleted else None)

    async def _remove_outputs(self, connection: Connection, before: datetime, after: Place | None) -> Batch:
        return await retention.remove_outputs(
            connection, before=before, kept_days=self._keep_output_days, after=after, limit=self._batch
        )

    async def _remove_later_outputs(
        self, connection: Connection, before: datetime, after: Place | None
    ) -> Batch:
        return await retention.remove_later_outputs(
            connection, before=before, kept_days=self._keep_output_days, after=after, limit=self._batch
        )

    async def _add_verdict_rows(self, connection: Connection, before: datetime, after: Place | None) -> Batch:
        return await retention.add_verdict_rows(connection, before=before, after=after, limit=self._batch)

    async def _delete_runs(self, connection: Connection, before: datetime, after: Place | None) -> Batch:
        return await retention.delete_runs(connection, before=before, after=after, limit=self._batch)
