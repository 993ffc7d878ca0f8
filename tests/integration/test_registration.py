"""Who grades is listed while they live, on SQLite and on PostgreSQL alike."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from app.core.service_status import LOST_AFTER_SECONDS, WorkerState, WorkerStatus
from app.store import tables
from app.store.engine.database import Connection, Database, is_sqlite
from app.store.engine.open import open_database
from app.store.queries import workers
from app.worker.heartbeat import Registration
from tests.support.postgres import PostgresServer
from tests.support.scripted_service import until

pytestmark = pytest.mark.anyio


async def listed(database: Database) -> list[WorkerStatus]:
    async with database.reading() as connection:
        return await workers.list_workers(connection)


async def unseen_for(database: Database, worker_id: str, seconds: float) -> None:
    """As if it had not been heard of for so long."""
    change = update(tables.workers).where(tables.workers.c.id == worker_id)
    [seen] = [one.seen_at for one in await listed(database) if one.id == worker_id]
    async with database.transaction() as connection:
        await connection.execute(change.values(seen_at=seen - timedelta(seconds=seconds)))


async def put(database: Database, worker_id: str, name: str, host: str = "elsewhere") -> None:
    row = workers.WorkerRow(
        id=worker_id,
        name=name,
        host=host,
        pid=1,
        slots=1,
        state=WorkerState.GRADING,
        running=0,
        message="",
        environment={},
        versions=(),
    )
    async with database.transaction() as connection:
        await workers.put_worker(connection, row)


async def until_listed(database: Database, **expected: object) -> WorkerStatus:
    """Waits for the only worker to be told with these fields."""
    async with asyncio.timeout(60):
        while True:
            for one in await listed(database):
                if all(getattr(one, name) == value for name, value in expected.items()):
                    return one
            await asyncio.sleep(0.01)


async def test_an_environment_that_changes_is_reported_again(database: Database) -> None:
    """As where limits are scaled once the machine has a quiet moment."""
    now = {"jax": "0.10.2"}
    registration = Registration(database, "one", slots=2, beat_seconds=0.05)
    async with registration.listed():
        registration.follow_environment(lambda: now)
        await until_listed(database, environment={"jax": "0.10.2"})
        now = {"jax": "0.10.2", "slowdown_computing": "1.2"}
        await until_listed(database, environment=now)


async def test_a_worker_is_listed_while_it_lives(database: Database) -> None:
    """From before the block begins until after its end, with what it last said of itself."""
    registration = Registration(database, "one", slots=2, beat_seconds=60)
    async with registration.listed():
        [first] = await listed(database)
        assert (first.name, first.state, first.slots, first.proven) == ("one", WorkerState.STARTING, 2, 0)
        assert not first.is_lost
        registration.state = WorkerState.GRADING
        registration.message = "3 of 5 problems are proven\0"
        registration.environment = {"jax": "0.10.2"}
        registration.versions = ("v1", "v2")
        # Told at once, long before the next beat is due.
        reported = await until_listed(database, state=WorkerState.GRADING, proven=2)
        assert reported.environment == {"jax": "0.10.2"}
        assert reported.message == "3 of 5 problems are proven"
        assert reported.started_at == first.started_at
        assert reported.seen_at > first.seen_at
    assert await listed(database) == []


async def test_a_beat_tells_how_many_are_running_and_puts_back_a_row_that_is_gone(database: Database) -> None:
    registration = Registration(database, "one", slots=2, beat_seconds=0.02)
    async with registration.listed():
        registration.running = 2
        await until_listed(database, running=2)
        async with database.transaction() as connection:
            await workers.remove_worker(connection, registration.id)
        await until_listed(database, name="one", running=2)


async def test_whoever_was_killed_is_lost_and_gone_after_a_day(database: Database) -> None:
    """On SQLite at once, since only one process grades there."""
    await put(database, "killed", "other")
    await put(database, "killed long ago", "third")
    await unseen_for(database, "killed", LOST_AFTER_SECONDS + 1)
    await unseen_for(database, "killed long ago", 25 * 3600)
    assert all(one.is_lost for one in await listed(database))
    async with Registration(database, "one", slots=1).listed():
        names = [one.name for one in await listed(database)]
    assert names == (["one"] if is_sqlite(database.url) else ["one", "other"])


@pytest.mark.postgresql
async def test_a_worker_that_comes_back_takes_the_place_of_its_lost_self(postgres: PostgresServer) -> None:
    """And not of one of the same name that lives on the same host."""
    async with open_database(postgres.new_database()) as database:
        first = Registration(database, "one", slots=1)
        async with first.listed():
            second = Registration(database, "one", slots=1)
            async with second.listed():
                assert {one.id for one in await listed(database)} == {first.id, second.id}
                await unseen_for(database, first.id, LOST_AFTER_SECONDS + 1)
                third = Registration(database, "one", slots=1)
                async with third.listed():
                    assert {one.id for one in await listed(database)} == {second.id, third.id}


class TriedDatabase(Database):
    """Counts how often somebody has wanted to write."""

    tries = 0

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        self.tries += 1
        async with super().transaction() as connection:
            yield connection


async def test_a_lost_database_is_said_once_and_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the worker nor its end is held up."""
    url = f"sqlite:///{tmp_path / 'test.db'}"
    async with open_database(url) as database:
        unmigrated = TriedDatabase(f"sqlite:///{tmp_path / 'other.db'}")
        registration = Registration(unmigrated, "one", slots=1, beat_seconds=0.01)
        with caplog.at_level(logging.INFO):
            async with registration.listed():
                await until(lambda: unmigrated.tries > 3)
                registration._database = database
                await until_listed(database, name="one")
        await unmigrated.close()
    assert [record.levelname for record in caplog.records if "database" in record.message] == [
        "WARNING",
        "INFO",
    ]
