"""Submissions that no job stands for: found by looks at a part of those that wait, all of them in the end."""

import asyncio

import pytest
from sqlalchemy import text

from app.core.job import BULK, INTERACTIVE
from app.queue.postgres.queue import ProcrastinateQueue
from app.queue.postgres.statements import Look, Place, look_for_missing_jobs
from app.queue.postgres.sweep import SweepTimes
from app.worker.consume import consuming
from tests.support.queue_harness import Grading, QueueHarness

pytestmark = [pytest.mark.anyio, pytest.mark.postgresql]


async def lose_jobs_of(harness: QueueHarness, *submission_ids: str) -> None:
    async with harness.database.transaction() as connection:
        lose = "DELETE FROM procrastinate_jobs WHERE queueing_lock = ANY(:ids)"
        await connection.execute(text(lose), {"ids": list(submission_ids)})


async def has_a_job(harness: QueueHarness, submission_id: str) -> bool:
    async with harness.database.reading() as connection:
        query = "SELECT count(*) FROM procrastinate_jobs WHERE queueing_lock = :id"
        return bool((await connection.execute(text(query), {"id": submission_id})).scalar_one())


async def look(harness: QueueHarness, after: Place | None, look_at: int) -> Look:
    async with harness.database.reading() as connection:
        return await look_for_missing_jobs(connection, after, look_at=look_at)


@pytest.mark.parametrize("look_at", [1, 2, 3, 7, 8])
async def test_looks_one_after_the_other_see_each_submission_once(
    harness: QueueHarness, look_at: int
) -> None:
    """Seven wait, of two priorities; those without a job come the most urgent first, look by look."""
    ids = await harness.take_in(BULK, INTERACTIVE, BULK, INTERACTIVE, BULK, INTERACTIVE, BULK)
    missing = {ids[0], ids[2], ids[3], ids[6]}
    await lose_jobs_of(harness, *missing)
    found, looks, end = [], 0, None
    while True:
        one = await look(harness, end, look_at)
        found += one.missing
        looks += 1
        end = one.end
        if end is None:
            break
    assert sorted(ticket.job_id for ticket in found) == sorted(missing)
    assert [ticket.priority for ticket in found] == [INTERACTIVE, BULK, BULK, BULK]
    # After a full look nobody knows whether there is more.
    assert looks == 7 // look_at + 1


async def test_one_look_gives_back_the_oldest_first(harness: QueueHarness) -> None:
    """In whose order they are enlisted again, they are graded."""
    ids = await harness.take_in(BULK, INTERACTIVE, INTERACTIVE)
    await lose_jobs_of(harness, *ids)
    found = (await look(harness, None, 100)).missing
    assert [ticket.job_id for ticket in found] == [ids[1], ids[2], ids[0]]


async def test_nothing_waits(harness: QueueHarness) -> None:
    assert await look(harness, None, 10) == Look(missing=[], end=None)


async def test_a_round_of_looks_comes_to_the_last_that_waits(harness: QueueHarness) -> None:
    """One of a great regrade has lost its job; the looks before it go on from second to second."""
    queue = ProcrastinateQueue(harness.database, sweep=SweepTimes(look_at=100, look_seconds=0.02))
    [lost] = await harness.take_in(BULK)
    await harness.take_in_many(450, BULK + 1)
    await lose_jobs_of(harness, lost)
    held = Grading(harness.database, held=True)
    async with consuming(queue, held, slots=1, reserved_slots=0, drain_seconds=0):
        async with asyncio.timeout(60):
            while not await has_a_job(harness, lost):  # noqa: ASYNC110 - what is waited for has no event
                await asyncio.sleep(0.05)
