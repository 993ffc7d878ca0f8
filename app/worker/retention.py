"""Taking away what the settings say is kept for a time only."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import msgspec

from app.store.engine.database import Connection, Database
from app.store.queries import retention
from app.store.queries.retention import Batch, Place

_BATCH = 500
_BETWEEN_BATCHES_SECONDS = 0.05
"""So that others get to write meanwhile, on SQLite above all."""
_FIRST_AFTER_SECONDS = 60.0
_EVERY_SECONDS = 3600.0

_log = logging.getLogger("jaxercise.retention")

_Step = Callable[[Connection, datetime, Place | None], Awaitable[Batch]]


class Cleaned(msgspec.Struct, frozen=True, kw_only=True):
    """What one pass took away."""

    outputs: int
    """Submissions whose printed output was removed."""
    runs: int
    """Drafts that were deleted."""
    is_complete: bool
    """False where another process is at it, and does the rest."""


class Retention:
    """Removes printed output after `keep_output_days` and drafts after `keep_runs_days`; 0 keeps for ever."""

    def __init__(
        self, database: Database, *, keep_output_days: int, keep_runs_days: int, batch: int = _BATCH
    ) -> None:
        self._database = database
        self._keep_output_days = keep_output_days
        self._keep_runs_days = keep_runs_days
        self._batch = batch

    @property
    def has_work(self) -> bool:
        return bool(self._keep_output_days or self._keep_runs_days)

    async def clean(self) -> Cleaned:
        """One pass. Safe to call in several processes at once, and to cut off at any moment."""
        runs, runs_complete = await self._pass(self._keep_runs_days, self._delete_runs)
        outputs, outputs_complete = await self._pass(self._keep_output_days, self._remove_outputs)
        if runs or outputs:
            _log.info("retention: %d drafts deleted, the output of %d submissions removed", runs, outputs)
        return Cleaned(outputs=outputs, runs=runs, is_complete=runs_complete and outputs_complete)

    @asynccontextmanager
    async def kept_up(self) -> AsyncIterator[None]:
        """A pass an hour while the block lasts."""
        cleaning = asyncio.create_task(self._clean_hourly())
        try:
            yield
        finally:
            cleaning.cancel()
            await asyncio.gather(cleaning, return_exceptions=True)

    async def _clean_hourly(self) -> None:
        """Never returns; a pass that fails, as while the database is away, is logged and comes again."""
        if not self.has_work:
            await asyncio.Event().wait()
        await asyncio.sleep(_FIRST_AFTER_SECONDS)
        while True:
            try:
                await self.clean()
            except Exception as fault:
                _log.warning("retention failed and is tried again in an hour: %s", type(fault).__name__)
            await asyncio.sleep(_EVERY_SECONDS)

    async def _pass(self, days: int, step: _Step) -> tuple[int, bool]:
        if not days:
            return 0, True
        before = datetime.now(UTC) - timedelta(days=days)
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

    async def _remove_outputs(self, connection: Connection, before: datetime, after: Place | None) -> Batch:
        return await retention.remove_outputs(
            connection, before=before, kept_days=self._keep_output_days, after=after, limit=self._batch
        )

    async def _delete_runs(self, connection: Connection, before: datetime, after: Place | None) -> Batch:
        return await retention.delete_runs(connection, before=before, after=after, limit=self._batch)
