"""Printed output and drafts are kept as long as the settings say, on SQLite and on PostgreSQL alike."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import msgspec
import numpy as np
import pytest
from sqlalchemy import func, select, update

from app.catalog.problem_folder import read_problem
from app.core.job import Status
from app.core.outcome import Outcome
from app.core.submission import Submission, UnexplainedOutput
from app.core.tolerance import Tolerance
from app.core.user import Role
from app.core.verdict import Mode, Verdict
from app.store import tables
from app.store.engine.database import Database
from app.store.engine.open import open_database
from app.store.problems import Problems
from app.store.queries import submissions, users
from app.store.queries.retention import is_ours_to_do
from app.store.queries.unexplained import add_unexplained
from app.submissions.service import unfinished_verdict
from app.worker.retention import Retention
from tests.support.postgres import PostgresServer
from tests.support.query_plans import plans_of_selects
from tests.support.small_problem import small_problem
from tests.support.submission_jobs import end_submission, insert_submission

pytestmark = pytest.mark.anyio


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with open_database(database_url) as opened:
        await Problems(opened, read_problem).publish(small_problem())
        async with opened.transaction() as connection:
            await users.insert_user(connection, email="a@b.test", password_hash="x", role=Role.LEARNER)
        yield opened


async def ended(
    database: Database, days_ago: float, mode: Mode = Mode.SUBMIT, printed: str = "π \0", count: int = 1
) -> list[str]:
    """Submissions that ended at the same moment, so long ago, having printed that."""
    moment = datetime.now(UTC) - timedelta(days=days_ago)
    ids = []
    async with database.transaction() as connection:
        user_id = (await connection.execute(select(tables.users.c.id))).scalar_one()
        version = (await connection.execute(select(tables.problem_versions.c.version))).scalar_one()
        for _ in range(count):
            submission = Submission(
                id=uuid4().hex,
                user_id=user_id,
                problem_slug="double",
                version=version,
                mode=mode,
                code="x",
                status=Status.QUEUED,
                seed=0,
                created_at=moment,
            )
            await insert_submission(connection, submission, priority=10)
            verdict = msgspec.structs.replace(
                unfinished_verdict(submission, Outcome.WRONG_VALUE, "kept"), stdout=printed, stderr=printed
            )
            assert await end_submission(connection, submission.id, verdict)
            ids.append(submission.id)
        change = update(tables.submissions).where(tables.submissions.c.id.in_(ids))
        await connection.execute(change.values(finished_at=moment))
    return ids


async def verdict_of(database: Database, submission_id: str) -> Verdict:
    async with database.reading() as connection:
        found = await submissions.submission_by_id(connection, submission_id)
    assert found is not None
    assert found.verdict is not None
    return found.verdict


async def stored_ids(database: Database) -> set[str]:
    async with database.reading() as connection:
        return set((await connection.execute(select(tables.submissions.c.id))).scalars())


async def test_old_output_is_removed_and_the_verdict_says_so(database: Database) -> None:
    """All else of the verdict stays, and so does what is not that old."""
    [old], [young] = await ended(database, 31), await ended(database, 29)
    cleaned = await Retention(database, keep_output_days=30, keep_runs_days=0).clean()
    assert (cleaned.outputs, cleaned.runs, cleaned.is_complete) == (1, 0, True)
    emptied = await verdict_of(database, old)
    assert (emptied.stdout, emptied.stderr, emptied.output_kept_days) == ("", "", 30)
    assert (emptied.outcome, emptied.message) == (Outcome.WRONG_VALUE, "kept")
    kept = await verdict_of(database, young)
    assert (kept.stdout, kept.stderr, kept.output_kept_days) == ("π \0", "π \0", None)


async def test_old_drafts_go_with_all_that_is_counted_of_them(database: Database) -> None:
    """A submission is never deleted."""
    [draft] = await ended(database, 8, Mode.RUN)
    [submitted] = await ended(database, 8, Mode.SUBMIT)
    [young] = await ended(database, 6, Mode.RUN)
    async with database.transaction() as connection:
        for one, number in ((draft, 1.0), (draft, 1.0), (submitted, 9.0)):
            submission = await submissions.submission_by_id(connection, one)
            assert submission is not None
            output = np.asarray([number], dtype="<f4").tobytes()
            found = UnexplainedOutput(layout="0" * 64, output=output)
            await add_unexplained(connection, submission, found, Tolerance())
    cleaned = await Retention(database, keep_output_days=0, keep_runs_days=7).clean()
    assert (cleaned.outputs, cleaned.runs) == (0, 1)
    assert await stored_ids(database) == {submitted, young}
    async with database.reading() as connection:
        for table in (tables.unexplained_members, tables.unexplained_clusters):
            assert (await connection.execute(select(func.count()).select_from(table))).scalar_one() == 1


async def test_batches_reach_all_even_of_one_moment(database: Database) -> None:
    """A batch ends in the midst of those that ended together, and the next goes on there."""
    ids = [*await ended(database, 40, count=7), *await ended(database, 50, Mode.RUN, count=7)]
    cleaned = await Retention(database, keep_output_days=30, keep_runs_days=45, batch=2).clean()
    assert (cleaned.outputs, cleaned.runs) == (7, 7)
    assert await stored_ids(database) == set(ids[:7])


async def test_the_next_pass_begins_where_the_last_one_ended(database: Database) -> None:
    """What has been looked at is not read each hour again; what has grown old since is."""
    [first] = await ended(database, 40)
    retention = Retention(database, keep_output_days=30, keep_runs_days=0)
    assert (await retention.clean()).outputs == 1
    # Older than the last one that was looked at: in truth nothing ends in the past.
    [behind] = await ended(database, 41)
    [grown_old] = await ended(database, 31)
    assert (await retention.clean()).outputs == 1
    assert (await verdict_of(database, behind)).stdout == "π \0"
    assert (await verdict_of(database, grown_old)).stdout == ""
    assert (await verdict_of(database, first)).output_kept_days == 30


async def test_nothing_goes_where_nothing_is_asked_for(database: Database) -> None:
    [old] = await ended(database, 4000)
    retention = Retention(database, keep_output_days=0, keep_runs_days=0)
    assert not retention.has_work
    assert (await retention.clean()).outputs == 0
    assert (await verdict_of(database, old)).stdout == "π \0"


@pytest.mark.postgresql
async def test_of_several_processes_one_does_it(postgres: PostgresServer) -> None:
    async with open_database(postgres.new_database()) as database:
        retention = Retention(database, keep_output_days=1, keep_runs_days=0)
        async with database.transaction() as connection:
            assert await is_ours_to_do(connection)
            assert not (await retention.clean()).is_complete
        assert (await retention.clean()).is_complete


async def test_no_pass_reads_the_whole_table(database: Database) -> None:
    """The first one and those after it ask the index on the moment of the end."""
    await ended(database, 40, Mode.RUN, count=3)
    await ended(database, 39, count=3)
    retention = Retention(database, keep_output_days=30, keep_runs_days=30, batch=2)
    for _ in range(2):
        async with plans_of_selects(database) as plans:
            await retention.clean()
        asked = [plan for plan in plans if "submissions" in plan]
        assert len(asked) >= 4
        for plan in asked:
            assert "ix_submissions_finished_at" in plan
            assert not plan.startswith("Seq Scan")
