"""Who is told of jobs looks for them after a moment of its own, once, and misses none."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from procrastinate.jobs import Notification
from sqlalchemy import text

from app.queue.postgres import statements as procrastinate_jobs
from app.queue.postgres import sweep
from app.queue.postgres.app import INTERACTIVE_QUEUE, make_app
from app.queue.postgres.job_manager import StaggeredJobs
from tests.support.queue_harness import QueueHarness
from tests.support.scripted_service import until

pytestmark = [pytest.mark.anyio, pytest.mark.postgresql]
QUEUES = [INTERACTIVE_QUEUE]


class SentEvent:
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
async def listening(
    harness: QueueHarness, span_seconds: float
) -> AsyncIterator[tuple[StaggeredJobs, SentEvent]]:
    app, reported = make_app(harness.database.url), SentEvent()
    jobs = StaggeredJobs(app.connector, lambda: span_seconds)
    async with app.open_async():
        listener = asyncio.create_task(jobs.listen_for_jobs(on_notification=reported, queues=QUEUES))
        try:
            async with asyncio.timeout(60):
                while not await listeners(harness):  # noqa: ASYNC110 - PostgreSQL tells nobody
                    await asyncio.sleep(0.02)
            yield jobs, reported
        finally:
            listener.cancel()
            await asyncio.gather(listener, return_exceptions=True)


async def listeners(harness: QueueHarness) -> int:
    query = (
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()"
    )
    async with harness.database.reading() as connection:
        return int((await connection.execute(text(query))).scalar_one())


async def test_many_jobs_are_one_look(harness: QueueHarness) -> None:
    async with listening(harness, 0.5) as (_, reported):
        await harness.take_in(*[10] * 5)
        await until(lambda: bool(reported.looks))
        # Those that came after the first look, if it was an early one, are a second; it is due by then.
        await asyncio.sleep(0.6)
        before = len(reported.looks)
        assert before <= 2
        # Whoever comes now is looked for as well: nothing had been held back.
        await harness.take_in()
        await until(lambda: len(reported.looks) == before + 1)


async def test_the_moment_is_another_each_time(harness: QueueHarness) -> None:
    """Of workers that all waited alike, all would look at once again."""
    waited = []
    async with listening(harness, 0.2) as (_, reported):
        for number in range(8):
            start = time.monotonic()
            await harness.take_in()
            await until(lambda number=number: len(reported.looks) > number)  # type: ignore[misc]
            waited.append(reported.looks[-1] - start)
    assert max(waited) - min(waited) > 0.02


async def test_what_is_told_during_a_look_is_not_forgotten(harness: QueueHarness) -> None:
    """Procrastinate forgets it when its look ends, which may have begun before the job was there."""
    async with listening(harness, 0.0) as (jobs, reported):
        [running] = await harness.take_in()
        await until(lambda: len(reported.looks) == 1)
        worker_id = await jobs.register_worker()
        assert await jobs.fetch_job(QUEUES, worker_id) is not None
        async with jobs._look(QUEUES):  # As `fetch_job` holds it.
            await harness.take_in()
            # Sent after it, and passed on at once: by then the listener knows of the job.
            await harness.queue.cancel(running)
            await until(lambda: reported.others == ["abort_job_requested"])
            assert len(reported.looks) == 1
        await until(lambda: len(reported.looks) == 2)
        assert await jobs.fetch_job(QUEUES, worker_id) is not None


async def test_that_a_run_is_no_longer_wanted_is_told_at_once(harness: QueueHarness) -> None:
    async with listening(harness, 30.0) as (jobs, reported):
        [submission_id] = await harness.take_in()
        worker_id = await jobs.register_worker()
        assert await jobs.fetch_job(QUEUES, worker_id) is not None
        await harness.queue.cancel(submission_id)
        await until(lambda: reported.others == ["abort_job_requested"])
        assert reported.looks == []


async def test_the_more_workers_are_free_the_longer_the_span(harness: QueueHarness) -> None:
    """And the less often each looks for dead ones: there are others."""
    look = sweep.Sweep(harness.database)

    async def span_seconds() -> float:
        await look._count_workers()  # What `run` does each second.
        return look.span_seconds

    app = make_app(harness.database.url)
    async with app.open_async():
        assert await span_seconds() == 0.0
        workers = [await app.job_manager.register_worker() for _ in range(4)]
        assert await span_seconds() == 0.0
        assert look._share == 1.0
        workers += [await app.job_manager.register_worker() for _ in range(60)]
        assert await span_seconds() == pytest.approx(0.12)
        assert look._share == pytest.approx(8 / 64)
        await harness.take_in(*[10] * 40)
        for worker_id in workers[:40]:
            assert await app.job_manager.fetch_job(QUEUES, worker_id) is not None
        assert await span_seconds() == pytest.approx(0.04)
        async with harness.database.reading() as connection:
            stalled = await procrastinate_jobs.count_workers(connection, stalled_seconds=0)
    assert (stalled.living, stalled.free) == (0, 0)
