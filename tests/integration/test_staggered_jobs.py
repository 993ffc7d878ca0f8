"""Who is told of jobs looks for them after a moment of its own, once, and misses none."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from procrastinate.jobs import Notification
from sqlalchemy import text

from app.queue.postgres import reaper as sweep
from app.queue.postgres import statements as procrastinate_jobs
from app.queue.postgres.app import INTERACTIVE_QUEUE, make_app
from app.queue.postgres.jittered_jobs import StaggeredJobs
from tests.support.queue_room import QueueRoom
from tests.support.scripted_service import until

pytestmark = [pytest.mark.anyio, pytest.mark.postgresql]
QUEUES = [INTERACTIVE_QUEUE]


class Told:
    """When an idle worker was told to look, by `time.monotonic`, and what else it was told."""

    def __init__(self) -> None:
        self.looks: list[float] = []
        self.others: list[str] = []

    async def __call__(self, *, channel: str, notification: Notification) -> None:
        if notification["type"] == "job_inserted":
            self.looks.append(time.monotonic())
        else:
            self.others.append(notification["type"])


@asynccontextmanager
async def listening(room: QueueRoom, span_seconds: float) -> AsyncIterator[tuple[StaggeredJobs, Told]]:
    app, told = make_app(room.database.url), Told()
    jobs = StaggeredJobs(app.connector, lambda: span_seconds)
    async with app.open_async():
        listener = asyncio.create_task(jobs.listen_for_jobs(on_notification=told, queues=QUEUES))
        try:
            async with asyncio.timeout(10):
                while not await listeners(room):  # noqa: ASYNC110 - PostgreSQL tells nobody
                    await asyncio.sleep(0.02)
            yield jobs, told
        finally:
            listener.cancel()
            await asyncio.gather(listener, return_exceptions=True)


async def listeners(room: QueueRoom) -> int:
    query = (
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()"
    )
    async with room.database.reading() as connection:
        return int((await connection.execute(text(query))).scalar_one())


async def test_many_jobs_are_one_look(room: QueueRoom) -> None:
    async with listening(room, 0.5) as (_, told):
        start = time.monotonic()
        await room.take_in(*[10] * 5)
        await until(lambda: bool(told.looks))
        assert time.monotonic() - start < 2
        first = len(told.looks)
        await asyncio.sleep(0.6)
        # Those that came after the first look, if it was an early one, are a second.
        assert first == 1
        assert len(told.looks) <= 2


async def test_the_moment_is_another_each_time(room: QueueRoom) -> None:
    """Of workers that all waited alike, all would look at once again."""
    waited = []
    async with listening(room, 0.2) as (_, told):
        for number in range(8):
            start = time.monotonic()
            await room.take_in()
            await until(lambda number=number: len(told.looks) > number)  # type: ignore[misc]
            waited.append(told.looks[-1] - start)
    assert max(waited) - min(waited) > 0.02


async def test_what_is_told_during_a_look_is_not_forgotten(room: QueueRoom) -> None:
    """Procrastinate forgets it when its look ends, which may have begun before the job was there."""
    async with listening(room, 0.0) as (jobs, told):
        async with jobs._look(QUEUES):  # As `fetch_job` holds it.
            await room.take_in()
            await asyncio.sleep(0.3)
            assert told.looks == []
        await until(lambda: len(told.looks) == 1)
        [job] = [await jobs.fetch_job(QUEUES, await jobs.register_worker())]
        assert job is not None


async def test_that_a_run_is_no_longer_wanted_is_told_at_once(room: QueueRoom) -> None:
    async with listening(room, 30.0) as (jobs, told):
        [submission_id] = await room.take_in()
        worker_id = await jobs.register_worker()
        assert await jobs.fetch_job(QUEUES, worker_id) is not None
        await room.queue.withdraw(submission_id)
        await until(lambda: told.others == ["abort_job_requested"])
        assert told.looks == []


async def test_the_more_workers_are_free_the_longer_the_span(room: QueueRoom) -> None:
    """And the less often each looks for dead ones: there are others."""
    look = sweep.Sweep(room.database)

    async def span_seconds() -> float:
        await look._count_workers()  # What `run` does each second.
        return look.span_seconds

    app = make_app(room.database.url)
    async with app.open_async():
        assert await span_seconds() == 0.0
        workers = [await app.job_manager.register_worker() for _ in range(4)]
        assert await span_seconds() == 0.0
        assert look._share == 1.0
        workers += [await app.job_manager.register_worker() for _ in range(60)]
        assert await span_seconds() == pytest.approx(0.12)
        assert look._share == pytest.approx(8 / 64)
        await room.take_in(*[10] * 40)
        for worker_id in workers[:40]:
            assert await app.job_manager.fetch_job(QUEUES, worker_id) is not None
        assert await span_seconds() == pytest.approx(0.04)
        async with room.database.reading() as connection:
            stalled = await procrastinate_jobs.count_workers(connection, stalled_seconds=0)
    assert (stalled.living, stalled.free) == (0, 0)
