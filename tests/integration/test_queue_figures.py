"""Figures for those who watch the service, on SQLite and on PostgreSQL alike."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import update

from app.catalog.problem_folder import read_problem
from app.core.job import BULK, INTERACTIVE, Status
from app.core.outcome import Outcome
from app.core.submission import Submission
from app.core.user import Role
from app.core.verdict import Mode
from app.store import tables
from app.store.engine import migrate
from app.store.engine.database import Database
from app.store.problems import Problems
from app.store.queries import jobs, users
from app.store.queries.queue_stats import last_failures, queue_figures, schema_revision
from app.submissions.service import unfinished_verdict
from tests.support.query_plans import plans_of_selects
from tests.support.small_problem import small_problem
from tests.support.submission_jobs import end_submission, insert_submission

pytestmark = pytest.mark.anyio


async def fill(database: Database) -> list[str]:
    """Two of a learner's and one regrade wait, one runs, three ended; their ids in that order."""
    problem = await Problems(database, read_problem).publish(small_problem())
    ids = []
    async with database.transaction() as connection:
        user = await users.insert_user(connection, email="a@b.test", password_hash="x", role=Role.LEARNER)
        for age, priority in enumerate([INTERACTIVE, INTERACTIVE, BULK, *[INTERACTIVE] * 4]):
            one = Submission(
                id=uuid4().hex,
                user_id=user.id,
                problem_slug=problem.slug,
                version=problem.version,
                mode=Mode.SUBMIT,
                code="x",
                status=Status.QUEUED,
                seed=0,
                created_at=datetime.now(UTC) - timedelta(seconds=100 * age),
            )
            await insert_submission(connection, one, priority=priority)
            ids.append(one.id)
            if age == 3:
                await jobs.claim(connection, one.id)
            if age > 3:
                outcome = Outcome.INTERNAL_ERROR if age == 6 else Outcome.ACCEPTED
                verdict = unfinished_verdict(one, outcome, "")
                await end_submission(connection, one.id, verdict)
        for one_id in (ids[1], ids[5]):
            change = update(tables.jobs).where(tables.jobs.c.id == one_id)
            await connection.execute(change.values(failures=1))
    return ids


async def test_the_queue_is_counted_by_who_waits(database: Database) -> None:
    """What runs does not wait, however old it is."""
    await fill(database)
    async with database.reading() as connection:
        found = await queue_figures(connection)
        assert await schema_revision(connection) == migrate.head()
    assert (found.waiting_interactive, found.waiting_bulk, found.running) == (2, 1, 1)
    assert 100 <= found.oldest_interactive_seconds < 200
    assert 200 <= found.oldest_bulk_seconds < 300


async def test_an_empty_queue_has_waited_for_nothing(database: Database) -> None:
    async with database.reading() as connection:
        found = await queue_figures(connection)
    assert (found.waiting_interactive, found.oldest_interactive_seconds) == (0, 0.0)


async def test_failures_are_those_of_ours_whatever_became_of_them(database: Database) -> None:
    """Waiting again, ended well, given up: newest first."""
    ids = await fill(database)
    async with database.reading() as connection:
        found = await last_failures(connection, limit=20)
        assert [one.id for one in found] == [ids[1], ids[5], ids[6]]
        assert [one.outcome for one in found] == [None, Outcome.ACCEPTED, Outcome.INTERNAL_ERROR]
        assert {one.problem for one in found} == {"double"}
        assert len(await last_failures(connection, limit=1)) == 1


async def test_no_figure_reads_the_whole_table(database: Database) -> None:
    """Each reads a partial index, which stays small whatever was graded in years."""
    await fill(database)
    async with plans_of_selects(database) as plans, database.reading() as connection:
        await queue_figures(connection)
        await last_failures(connection, limit=20)
    assert "ix_jobs_failed" in plans[1]
    assert "ix_jobs_priority_created_at_id_status" in plans[0]
    for plan in plans:
        assert "Seq Scan" not in plan
