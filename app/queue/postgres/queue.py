"""The queue of many machines: Procrastinate's jobs, in the same PostgreSQL and commits as the rows."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, suppress

from app.core.events import Queued
from app.queue.interface import Grade, Publish, Ticket
from app.queue.postgres import statements as procrastinate_jobs
from app.queue.postgres.app import enqueue, make_app
from app.queue.postgres.consume import ProcrastinateWorker
from app.store.engine.database import Connection, Database
from app.store.queries import submissions

_LOOK_SECONDS = 1.0


class ProcrastinateQueue:
    """`Queue`, shared by any number of processes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._app = make_app(database.url)
        self._changed = asyncio.Event()

    async def enqueue(self, connection: Connection, ticket: Ticket) -> None:
        await enqueue(self._app, connection, ticket)

    def notify(self, ticket: Ticket) -> None:
        # PostgreSQL itself tells the workers, with the commit.
        self._changed.set()

    async def positions(self, submission_ids: Collection[str]) -> dict[str, int]:
        if not submission_ids:
            return {}
        async with self._database.reading() as connection:
            return await submissions.queue_positions(connection, submission_ids)

    async def cancel(self, submission_id: str) -> None:
        async with self._database.transaction() as connection:
            await procrastinate_jobs.cancel(connection, submission_id)
        self._changed.set()

    @asynccontextmanager
    async def working(
        self, grade: Grade, *, slots: int, reserved_slots: int, drain_seconds: float
    ) -> AsyncIterator[None]:
        worker = ProcrastinateWorker(
            self._database, grade, slots=slots, reserved_slots=reserved_slots, drain_seconds=drain_seconds
        )
        async with worker.running():
            yield

    @asynccontextmanager
    async def publishing_positions(
        self, waiting: Callable[[], Collection[str]], publish: Publish
    ) -> AsyncIterator[None]:
        """Tells those of `waiting` their place each second while the block lasts, and after a change here."""
        translating = asyncio.create_task(self._publish_positions(waiting, publish))
        try:
            yield
        finally:
            translating.cancel()
            with suppress(asyncio.CancelledError):
                await translating

    async def _publish_positions(self, waiting: Callable[[], Collection[str]], publish: Publish) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._changed.wait()
            self._changed.clear()
            # A database that is away has no places to tell; the next look is a second away.
            with suppress(Exception):
                for submission_id, place in (await self.positions(waiting())).items():
                    publish(submission_id, Queued(position=place))
