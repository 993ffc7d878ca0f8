"""Who has a job, and who may end it: workers that die, are stopped, drain, or come back late."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import text

from app.catalog.problem_folder import read_problem
from app.core.job import INTERACTIVE, Status
from app.queue.interface import Ticket
from app.queue.postgres import statements as procrastinate_jobs
from app.queue.postgres.queue import ProcrastinateQueue
from app.queue.postgres.statements import look_for_missing_jobs
from app.queue.postgres.sweep import SweepTimes
from app.store.engine.database import Database
from app.store.engine.open import open_database
from app.store.problems import Problems
from app.worker.consume import consuming
from tests.support.postgres import PostgresServer
from tests.support.queue_harness import Grading, QueueHarness
from tests.support.scripted_service import until
from tests.support.small_problem import small_problem

pytestmark = [pytest.mark.anyio, pytest.mark.postgresql]


async def jobs(harness: QueueHarness) -> list[str]:
    """The states of all jobs there are."""
    async with harness.database.reading() as connection:
        rows = await connection.execute(text("SELECT status::text FROM procrastinate_jobs ORDER BY id"))
        return [row.status for row in rows]


async def last_job(harness: QueueHarness) -> list[str]:
    """Return the job that is left once the others have been removed."""
    while len(left := await jobs(harness)) > 1:  # noqa: ASYNC110 - what is waited for has no event
        await asyncio.sleep(0.02)
    return left


async def change(database: Database, statement: str) -> None:
    async with database.transaction() as connection:
        await connection.execute(text(statement))


async def test_a_worker_that_comes_back_late_leaves_the_job_to_the_one_that_has_it(
    harness: QueueHarness,
) -> None:
    """It was taken for dead. Ended by it, the job would be missing if the second worker died as well."""
    [submission_id] = await harness.take_in()
    late, second = Grading(harness.database, held=True), Grading(harness.database, held=True)
    async with consuming(harness.queue, late, slots=1, reserved_slots=0, drain_seconds=1):
        await until(lambda: late.begun == [submission_id])
        other = ProcrastinateQueue(harness.database)
        async with consuming(other, second, slots=1, reserved_slots=0, drain_seconds=1):
            await change(harness.database, "UPDATE procrastinate_jobs SET status = 'todo', worker_id = NULL")
            # One slot each, and that of the first is taken.
            await until(lambda: second.begun == [submission_id])
            late.let_go()
            # Its slot takes another: it has done with the first what it does.
            [another] = await harness.take_in()
            await until(lambda: late.ended == [another])
            assert await last_job(harness) == ["doing"]
            second.let_go()
            await until(lambda: second.ended == [submission_id])
    assert (await harness.stored(submission_id)).status is Status.DONE
    assert await jobs(harness) == []


async def test_a_late_failure_does_not_hand_the_job_to_a_third(harness: QueueHarness) -> None:
    """Each such claim would count as an attempt that died, and void the one before."""
    [submission_id] = await harness.take_in()
    begun, fail = asyncio.Event(), asyncio.Event()

    other_gradings = Grading(harness.database)

    async def fails_late(ticket: Ticket) -> None:
        if ticket.job_id != submission_id:
            return await other_gradings(ticket)
        begun.set()
        await fail.wait()
        raise ConnectionError("the database was away")

    second = Grading(harness.database, held=True)
    async with consuming(harness.queue, fails_late, slots=1, reserved_slots=0, drain_seconds=1):
        await begun.wait()
        other = ProcrastinateQueue(harness.database)
        async with consuming(other, second, slots=1, reserved_slots=0, drain_seconds=1):
            await change(harness.database, "UPDATE procrastinate_jobs SET status = 'todo', worker_id = NULL")
            await until(lambda: second.begun == [submission_id])
            fail.set()
            # The slot of the one that has failed takes another: with the first it is through.
            [another] = await harness.take_in()
            await until(lambda: other_gradings.ended == [another])
            assert await last_job(harness) == ["doing"]
            second.let_go()
            await until(lambda: second.ended == [submission_id])
    assert (await harness.job(submission_id)).failures == 0


async def test_a_draining_worker_is_not_taken_for_dead(
    harness: QueueHarness,
) -> None:
    """Its runs may finish, however much longer they take than a heart may stand still."""
    queue = ProcrastinateQueue(harness.database, sweep=SweepTimes(stalled_seconds=2.0))
    [submission_id] = await harness.take_in()
    draining, other = Grading(harness.database, held=True), Grading(harness.database)
    async with AsyncExitStack() as stack:
        async with consuming(queue, draining, slots=1, reserved_slots=0, drain_seconds=20):
            await until(lambda: draining.begun == [submission_id])
            await stack.enter_async_context(
                consuming(queue, other, slots=1, reserved_slots=0, drain_seconds=1)
            )
            asyncio.get_running_loop().call_later(6, draining.let_go)
        assert draining.ended == [submission_id]
        assert other.begun == []
    found = await harness.job(submission_id)
    assert (found.attempt, found.failures) == (1, 0)


async def test_two_jobs_for_one_submission_whose_workers_both_died_become_one(harness: QueueHarness) -> None:
    """Otherwise no job of any dead worker would be freed any more."""
    first, second = await harness.take_in(INTERACTIVE, INTERACTIVE)
    await change(harness.database, "UPDATE procrastinate_jobs SET status = 'doing'")
    async with harness.database.transaction() as connection:
        await connection.execute(text("UPDATE procrastinate_jobs SET queueing_lock = :lock"), {"lock": first})
    async with harness.database.transaction() as connection:
        freed = await procrastinate_jobs.free_jobs_of_the_dead(connection, stalled_seconds=0)
    assert freed == 1
    assert await jobs(harness) == ["todo"]
    async with harness.database.reading() as connection:
        look = await look_for_missing_jobs(connection)
    assert [ticket.job_id for ticket in look.missing] == [second]


async def test_processes_that_start_together_load_the_same_problems(postgres: PostgresServer) -> None:
    """On a database that is new to all of them."""
    url = postgres.new_database()

    async with open_database(url) as one, open_database(url) as other:
        for number in range(10):
            files = small_problem(f"problem-{number}")
            await asyncio.gather(
                *(Problems(database, read_problem).publish(files) for database in (one, other))
            )
        assert await Problems(one, read_problem).count() == 10
