"""The queue of many machines: Procrastinate's jobs, in the same PostgreSQL and commits as the rows."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager, suppress

from app.core.events import Queued
from app.queue.interface import Publish, Ticket
from app.queue.postgres import statements as procrastinate_jobs
from app.queue.postgres import turns
from app.queue.postgres.app import enqueue, make_app
from app.queue.postgres.hand_out import ProcrastinateSource
from app.queue.postgres.sweep import SweepTimes
from app.store.engine.database import Connection, Database
from app.store.queries import jobs

_LOOK_SECONDS = 1.0
_POLL_SECONDS = 1.0


class ProcrastinateQueue:
    """`Queue`, shared by any number of processes.

    A worker looks for jobs each `poll_seconds`, beside being told of new ones.
    """

    def __init__(
        self, database: Database, *, poll_seconds: float = _POLL_SECONDS, sweep: SweepTimes | None = None
    ) -> None:
        self._database = database
        self._poll_seconds = poll_seconds
        self._sweep_times = sweep or SweepTimes()
        self._app = make_app(database.url)
        self._changed = asyncio.Event()

    async def enqueue(self, connection: Connection, ticket: Ticket) -> None:
        await enqueue(self._app, connection, ticket)

    def notify(self, ticket: Ticket) -> None:
        # PostgreSQL itself tells the workers, with the commit.
        self._changed.set()

    async def positions(self, job_ids: Collection[str]) -> dict[str, int]:
        if not job_ids:
            return {}
        async with self._database.reading() as connection:
            places = await turns.positions(connection, job_ids)
            others = set(job_ids) - places.keys()
            return {**(await jobs.queue_positions(connection, others) if others else {}), **places}

    async def cancel(self, job_id: str) -> None:
        async with self._database.transaction() as connection:
            await procrastinate_jobs.cancel(connection, job_id)
        self._changed.set()

    @asynccontextmanager
    async def handing_out(self, slots: Sequence[int]) -> AsyncIterator[ProcrastinateSource]:
        source = ProcrastinateSource(
            self._database, slots, poll_seconds=self._poll_seconds, times=self._sweep_times
        )
        async with source.running():
            yield source

    @asynccontextmanager
    async def publishing_positions(
        self, waiting: Callable[[], Collection[str]], publish: Publish
    ) -> AsyncIterator[None]:
        """Tell those of `waiting` their place each second while the block lasts, and after a change here."""
        publishing = asyncio.create_task(self._publish_positions(waiting, publish))
        try:
            yield
        finally:
            publishing.cancel()
            with suppress(asyncio.CancelledError):
                await publishing

    async def _publish_positions(self, waiting: Callable[[], Collection[str]], publish: Publish) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._changed.wait()
            self._changed.clear()
            # A database that is away has no places to tell; the next look is a second away.
            with suppress(Exception):
                for job_id, place in (await self.positions(waiting())).items():
                    publish(job_id, Queued(position=place))
