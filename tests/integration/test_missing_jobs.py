"""Submissions that no job stands for: found by looks at a part of those that wait, all of them in the end."""

import asyncio

import pytest
from sqlalchemy import text

from app.queue.interface import BULK, INTERACTIVE
from app.queue.postgres import reaper as sweep
from app.queue.postgres.missing_jobs import Look, Place, look_for_missing_jobs
from app.queue.postgres.queue import ProcrastinateQueue
from tests.support.queue_room import Grading, QueueRoom

pytestmark = [pytest.mark.anyio, pytest.mark.postgresql]


async def lose_jobs_of(room: QueueRoom, *submission_ids: str) -> None:
    async with room.database.transaction() as connection:
        lose = "DELETE FROM procrastinate_jobs WHERE queueing_lock = ANY(:ids)"
        await connection.execute(text(lose), {"ids": list(submission_ids)})


async def has_a_job(room: QueueRoom, submission_id: str) -> bool:
    async with room.database.reading() as connection:
        query = "SELECT count(*) FROM procrastinate_jobs WHERE queueing_lock = :id"
        return bool((await connection.execute(text(query), {"id": submission_id})).scalar_one())


async def look(room: QueueRoom, after: Place | None, look_at: int) -> Look:
    async with room.database.reading() as connection:
        return await look_for_missing_jobs(connection, after, look_at=look_at)


@pytest.mark.parametrize("look_at", [1, 2, 3, 7, 8])
async def test_looks_one_after_the_other_see_each_submission_once(room: QueueRoom, look_at: int) -> None:
    """Seven wait, of two priorities; those without a job come the most urgent first, look by look."""
    ids = await room.take_in(BULK, INTERACTIVE, BULK, INTERACTIVE, BULK, INTERACTIVE, BULK)
    missing = {ids[0], ids[2], ids[3], ids[6]}
    await lose_jobs_of(room, *missing)
    found, looks, end = [], 0, None
    while True:
        one = await look(room, end, look_at)
        found += one.missing
        looks += 1
        end = one.end
        if end is None:
            break
    assert sorted(ticket.submission_id for ticket in found) == sorted(missing)
    assert [ticket.priority for ticket in found] == [INTERACTIVE, BULK, BULK, BULK]
    # After a full look nobody knows whether there is more.
    assert looks == 7 // look_at + 1


async def test_one_look_gives_back_the_oldest_first(room: QueueRoom) -> None:
    """In whose order they are enlisted again, they are graded."""
    ids = await room.take_in(BULK, INTERACTIVE, INTERACTIVE)
    await lose_jobs_of(room, *ids)
    found = (await look(room, None, 100)).missing
    assert [ticket.submission_id for ticket in found] == [ids[1], ids[2], ids[0]]


async def test_nothing_waits(room: QueueRoom) -> None:
    assert await look(room, None, 10) == Look(missing=[], end=None)


async def test_a_round_of_looks_comes_to_the_last_that_waits(
    room: QueueRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of a great regrade has lost its job; the looks before it go on from second to second."""
    monkeypatch.setattr(sweep, "LOOK_AT", 100)
    monkeypatch.setattr(sweep, "_LOOK_SECONDS", 0.02)
    [lost] = await room.take_in(BULK)
    await room.take_in_many(450, BULK + 1)
    await lose_jobs_of(room, lost)
    held = Grading(room.database, held=True)
    async with ProcrastinateQueue(room.database).working(held, slots=1, kept_slots=0, drain_seconds=0):
        async with asyncio.timeout(10):
            while not await has_a_job(room, lost):  # noqa: ASYNC110 - what is waited for has no event
                await asyncio.sleep(0.05)
