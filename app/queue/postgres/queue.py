"""The queue of many machines: Procrastinate's jobs, in the same PostgreSQL and commits as the rows."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, suppress

from app.core.events import Queued
from app.queue.interface import Grade, Publish, Ticket
from app.queue.postgres import statements as procrastinate_jobs
from app.queue.postgres.app import enlist, make_app
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

    async def enlist(self, connection: Connection, ticket: Ticket) -> None:
        await enlist(self._app, connection, ticket)

    def announce(self, ticket: Ticket) -> None:
        # PostgreSQL itself tells the workers, with the commit.
        self._changed.set()

    async def places(self, submission_ids: Collection[str]) -> dict[str, int]:
        if not submission_ids:
            return {}
        async with self._database.reading() as connection:
            return await submissions.places(connection, submission_ids)

    async def withdraw(self, submission_id: str) -> None:
        async with self._database.transaction() as connection:
            await procrastinate_jobs.withdraw(connection, submission_id)
        self._changed.set()

    @asynccontextmanager
    async def working(
        self, grade: Grade, *, slots: int, kept_slots: int, drain_seconds: float
    ) -> AsyncIterator[None]:
        worker = ProcrastinateWorker(
            self._database, grade, slots=slots, kept_slots=kept_slots, drain_seconds=drain_seconds
        )
        async with worker.running():
            yield

    @asynccontextmanager
    async def telling_places(
        self, waiting: Callable[[], Collection[str]], publish: Publish
    ) -> AsyncIterator[None]:
        """Tells those of `waiting` their place each second while the block lasts, and after a change here."""
        telling = asyncio.create_task(self._tell_places(waiting, publish))
        try:
            yield
        finally:
            telling.cancel()
            with suppress(asyncio.CancelledError):
                await telling

    async def _tell_places(self, waiting: Callable[[], Collection[str]], publish: Publish) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._changed.wait()
            self._changed.clear()
            # A database that is away has no places to tell; the next look is a second away.
            with suppress(Exception):
                for submission_id, place in (await self.places(waiting())).items():
                    publish(submission_id, Queued(position=place))
