"""The embedded queue follows the table of jobs, whoever writes to it."""

from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.core.job import BULK, INTERACTIVE, WATCHED, Ending, Job, Status
from app.errors import DatabaseUnavailable
from app.queue.embedded.queue import EmbeddedQueue
from app.queue.embedded.watch_table import following_table, look_at_table, rebuild_queue
from app.store.engine.database import Connection, Database
from app.store.engine.open import open_database
from app.store.queries import jobs
from tests.support.scripted_service import until
from tests.support.submission_jobs import job_by_id

pytestmark = pytest.mark.anyio


async def ask(
    database: Database, name: str, priority: int = WATCHED, *, created_at: datetime | None = None
) -> None:
    """As another process does it, which has a queue of its own that nobody hears of."""
    job = Job(
        id=name,
        kind="toy",
        subject=name,
        user_id=None,
        priority=priority,
        created_at=created_at or datetime.now(UTC),
    )
    async with database.transaction() as connection:
        await jobs.insert_job(connection, job)


async def test_what_another_process_asks_for_comes_in_its_turn_and_once(tmp_path: Path) -> None:
    async with open_database(f"sqlite:///{tmp_path / 'test.db'}") as database:
        queue = EmbeddedQueue()
        for name, priority in (("bulk", BULK), ("watched", WATCHED), ("learner", INTERACTIVE)):
            await ask(database, name, priority)
        for _ in range(2):
            await look_at_table(database, queue)
        assert queue.waiting() == ["learner", "watched", "bulk"]
        await queue.take()
        await look_at_table(database, queue)
        assert queue.waiting() == ["watched", "bulk"]


async def test_a_job_that_the_index_has_missed_is_found_however_old_it_is(tmp_path: Path) -> None:
    """The table is the truth; each short look goes back a minute only."""
    async with open_database(f"sqlite:///{tmp_path / 'test.db'}") as database:
        queue = EmbeddedQueue()
        await ask(database, "old", created_at=datetime.now(UTC) - timedelta(hours=5))
        await look_at_table(database, queue)
        assert queue.waiting() == []
        async with following_table(database, queue, look_seconds=0.001):
            await until(lambda: queue.waiting() == ["old"])


async def test_what_another_process_cancels_stops_the_run(tmp_path: Path) -> None:
    async with open_database(f"sqlite:///{tmp_path / 'test.db'}") as database:
        queue = EmbeddedQueue()
        await ask(database, "a")
        await ask(database, "b")
        await look_at_table(database, queue)
        first, second = await queue.take(), await queue.take()
        async with database.transaction() as connection:
            assert await jobs.overtake(connection, "a", Ending.CANCELLED)
        await look_at_table(database, queue)
        assert [first.cancelled.is_set(), second.cancelled.is_set()] == [True, False]


async def test_it_looks_by_itself_and_again_after_an_outage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_database(f"sqlite:///{tmp_path / 'test.db'}") as database:
        queue, looks = EmbeddedQueue(), 0
        reading = database.reading

        def away() -> AbstractAsyncContextManager[Connection]:
            nonlocal looks
            looks += 1
            raise DatabaseUnavailable

        monkeypatch.setattr(database, "reading", away)
        async with following_table(database, queue, look_seconds=0.01):
            await ask(database, "a")
            await until(lambda: looks >= 2)
            assert queue.waiting() == []
            monkeypatch.setattr(database, "reading", reading)
            await until(lambda: queue.waiting() == ["a"])


async def test_a_start_finds_what_was_cut_off_and_counts_it_as_a_failure(tmp_path: Path) -> None:
    async with open_database(f"sqlite:///{tmp_path / 'test.db'}") as database:
        await ask(database, "ran")
        await ask(database, "waited")
        async with database.transaction() as connection:
            await jobs.claim(connection, "ran")
        queue = EmbeddedQueue()
        assert await rebuild_queue(database, queue) == 2
        assert queue.waiting() == ["ran", "waited"]
        async with database.reading() as connection:
            found = await job_by_id(connection, "ran")
        assert found is not None
        assert (found.status, found.failures) == (Status.QUEUED, 1)
