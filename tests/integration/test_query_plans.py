"""However much is stored, no query reads a large table whole: PostgreSQL's own plans say so.

The statements are those that the real pages, API, queue and worker send; none is written down here. What
Procrastinate itself asks is not among them: its functions look at its own tables only, where a job stays
no longer than it waits. What we ask in its place, whose turn it is, is.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import psycopg
import pytest
from sqlalchemy import select

from app.core.job import Job
from app.core.submission import Submission, UnexplainedOutput
from app.core.tolerance import Tolerance
from app.core.verdict import VerdictReason
from app.queue.postgres import statements as procrastinate_jobs
from app.queue.postgres import turns
from app.queue.postgres.app import BULK_QUEUE, INTERACTIVE_QUEUE
from app.queue.postgres.statements import look_for_missing_jobs
from app.store import tables
from app.store.engine.database import Connection, Database
from app.store.engine.open import open_database
from app.store.engine.url import conninfo
from app.store.queries import events as submission_events
from app.store.queries import jobs, problem_versions, submissions, verdicts
from app.store.queries.queue_stats import last_failures, queue_figures
from app.store.queries.unexplained import add_unexplained, commonest_unexplained
from bench.scale.fill import fill, fill_learner, fill_queue, settle
from tests.support.postgres import PostgresServer
from tests.support.query_plans import Statement, plans_of, statements_of
from tests.support.scripted_service import PASSWORD, Service, scripted_service

pytestmark = [pytest.mark.anyio, pytest.mark.postgresql]

_LARGE = (
    "jobs",
    "submissions",
    "verdicts",
    "problem_files",
    "problem_versions",
    "submission_events",
    "unexplained_clusters",
    "unexplained_members",
    "turns",
)
_FORGETS_TURNS = "DELETE FROM turns"
"""Reads them whole, on purpose: an index on the moment would have to be written with every turn of anybody.

What there is of them is an hour's, one row for each account and network that had a turn in it.
"""
_PROBLEMS = 2000
_SUBMISSIONS = 6000
_WAITING = 300
_TURNS = 20_000
"""As many accounts and networks as had a turn in a busy hour."""
_EMAIL = "a@school.test"


class Grown(msgspec.Struct, frozen=True, kw_only=True):
    """A database of some size, and what was asked of it."""

    url: str
    statements: list[Statement]


@pytest.fixture(scope="module")
def grown(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Grown:
    url = postgres.new_database()
    return asyncio.run(_grow_and_ask(url, tmp_path_factory.mktemp("grown")))


@pytest.fixture
async def database(grown: Grown) -> AsyncIterator[Database]:
    async with open_database(grown.url) as opened:
        yield opened


async def test_no_query_reads_a_large_table_whole(database: Database, grown: Grown) -> None:
    found = await _read_whole(database, grown.statements)
    assert [one for one in found if not one.sql.startswith(_FORGETS_TURNS)] == []
    assert {one.table for one in found} == {"turns"}


async def test_everything_large_was_asked_for(grown: Grown) -> None:
    """The list above is empty because of the plans, not because nothing was heard."""
    for table in _LARGE:
        assert [s for s in grown.statements if s.sql.startswith(("SELECT", "WITH")) and table in s.sql], table
    for word in ("INSERT INTO", "UPDATE"):
        for table in ("jobs", "submissions"):
            assert [s for s in grown.statements if s.sql.startswith(f"{word} {table}")], (word, table)


@pytest.mark.parametrize(
    ("indexes", "table"),
    [
        (["ix_submissions_user_id_version_created_at", "ix_submissions_version"], "submissions"),
        (["ix_jobs_finished_at"], "jobs"),
        (["ix_unexplained_clusters_version_layout_projection"], "unexplained_clusters"),
    ],
)
async def test_a_missing_index_is_noticed(
    database: Database, grown: Grown, indexes: list[str], table: str
) -> None:
    """The check above can fail."""
    assert table in {found.table for found in await _read_whole(database, grown.statements, without=indexes)}


class ReadWhole(msgspec.Struct, frozen=True, kw_only=True):
    """A query whose plan has a sequential scan; `generic` plans are those of prepared statements."""

    table: str
    generic: bool
    sql: str


async def _read_whole(
    database: Database, statements: list[Statement], *, without: list[str] | None = None
) -> list[ReadWhole]:
    found = []
    for generic in (False, True):
        plans = await plans_of(database, statements, generic=generic, without=without or [])
        for statement, plan in zip(statements, plans, strict=True):
            found += [
                ReadWhole(table=table, generic=generic, sql=statement.sql)
                for table in _scanned(plan)
                if table in _LARGE
            ]
    return found


def _scanned(plan: dict[str, Any]) -> list[str]:
    """The tables that are read from their beginning to their end."""
    here = [plan["Relation Name"]] if plan["Node Type"] == "Seq Scan" else []
    return here + [table for below in plan.get("Plans", []) for table in _scanned(below)]


async def _grow_and_ask(url: str, place: Path) -> Grown:
    async with scripted_service(place, database_url=url) as service:
        await service.sign_up(_EMAIL)
    _add_problems(url)
    # As if all of them had ended in the month for which jobs are kept.
    fill(url, submissions=_SUBMISSIONS, job_days=2000)
    fill_learner(url, _EMAIL, "double", of_problem=50, of_others=450)
    async with scripted_service(place, database_url=url, slots=2) as service:
        # The start has taken them off the list, since they have no folders.
        await asyncio.to_thread(_list_again, url)
        database: Database = service.services.submissions._database
        with statements_of(database) as statements:
            await _ask_pages_and_api(service)
    fill_queue(url, waiting=_WAITING)
    _add_turns(url)
    settle(url)
    async with open_database(url) as database:
        with statements_of(database) as of_store:
            await _ask_store(database)
        statements += of_store
    # Procrastinate's connection sends it.
    values = {"queues": [INTERACTIVE_QUEUE, BULK_QUEUE], "worker_id": 1}
    statements.append(Statement(sql=turns._TAKE.strip(), parameters=values))
    return Grown(url=url, statements=_different(statements))


async def _ask_pages_and_api(service: Service) -> None:
    client = service.client
    guest = service.visitor()
    signed_in = await client.post("/api/v1/session", json={"email": _EMAIL, "password": PASSWORD})
    assert signed_in.status_code == 200
    paths = ["/", "/?q=exercise", "/?after=double", "/problems/double", "/account"]
    paths += ["/api/v1/problems", "/api/v1/problems/double", "/api/v1/problems?limit=5&after=double"]
    for path in paths:
        for visitor in (client, guest):
            assert (await visitor.get(path)).status_code < 400, path
    taken = await service.submit("x")
    await service.verdict(taken["id"])
    paths = ["/submissions/{}", "/api/v1/submissions/{}", "/api/v1/submissions/{}/verdicts/1"]
    for path in (*paths, "/problems/double?load={}"):
        assert (await client.get(path.format(taken["id"]))).status_code == 200
    assert (await client.get("/api/v1/problems/double/submissions")).status_code == 200
    waiting = await service.submit("wait 30")
    assert (await client.delete(f"/api/v1/submissions/{waiting['id']}")).status_code == 200
    assert (await client.get("/metrics")).status_code == 200
    await guest.aclose()


async def _ask_store(database: Database) -> None:
    """What asks only now and then: the sweep, statistics, an attempt that fails, the queue of one process."""
    async with database.reading() as connection:
        await queue_figures(connection)
        await last_failures(connection, limit=20)
        await procrastinate_jobs.free_jobs_of_the_dead(connection, stalled_seconds=5)
        await procrastinate_jobs.jobs_in_hand(connection, {1})
        await procrastinate_jobs.free_jobs(connection, {1}, {1})
        await look_for_missing_jobs(connection)
        await turns.forget_old(connection, kept_seconds=3600)
        waiting = await jobs.unfinished(connection)
        await jobs.queue_positions(connection, [waiting[0].id])
        await turns.positions(connection, [waiting[0].id])
        await jobs.requeue_all_running(connection)
        claimed = await jobs.claim(connection, waiting[0].id)
        assert isinstance(claimed, Job)
        await jobs.write_progress(connection, claimed, "[]")
        await jobs.give_back(connection, claimed, failed=True)
        await jobs.insert_job(connection, msgspec.structs.replace(claimed, id="again"))
        await jobs.report_of(connection, claimed.id)
        await jobs.was_ended_by(connection, claimed)
        await jobs.delete_ended(connection, before=datetime(2026, 1, 1, tzinfo=UTC), limit=20)
        submission = await submissions.submission_by_id(connection, claimed.subject)
        assert isinstance(submission, Submission)
        output = UnexplainedOutput(layout="a" * 64, output=np.zeros(10, "<f4").tobytes())
        await add_unexplained(connection, submission, output, Tolerance())
        await commonest_unexplained(connection, submission.version)
        done = await _a_graded_one(connection)
        verdict = (await verdicts.current_of(connection, [done]))[done]
        await verdicts.later_verdicts(connection, {done: 0, claimed.id: 0})
        assert await verdicts.write_next(connection, done, verdict, VerdictReason.EXPLAINED, after=1)
        assert await verdicts.verdict_of(connection, done, 2) == verdict
        assert len(await verdicts.lines_of(connection, done)) == 2
        await problem_versions.files_of(connection, submission.version)
        await problem_versions.is_published(connection, submission.version)
        # A page that comes after the verdict is told from that alone.
        await submission_events.events_of(connection, [claimed.id], 0)


async def _a_graded_one(connection: Connection) -> str:
    table = tables.submissions
    one = select(table.c.id).where(table.c.finished_at > datetime(2000, 1, 1, tzinfo=UTC)).limit(1)
    return str((await connection.execute(one.order_by(table.c.finished_at))).scalar_one())


def _add_problems(url: str) -> None:
    """By rows alone: as folders they would take a minute to read."""
    with psycopg.connect(conninfo(url)) as connection:
        connection.execute(
            "INSERT INTO problems (id, slug, position, version, listed, title, words) SELECT 'id-' || i, "
            "'exercise-' || i, 100 + i, md5('v' || i), true, 'Exercise ' || i, 'exercise ' || i "
            "FROM generate_series(1, %s) AS i",
            [_PROBLEMS],
        )
        connection.execute(
            "INSERT INTO problem_versions SELECT md5('v' || i), 'id-' || i, now() "
            "FROM generate_series(1, %s) AS i",
            [_PROBLEMS],
        )
        connection.execute(
            "INSERT INTO problem_files SELECT md5('v' || i), path, repeat('x', 500)::bytea "
            "FROM generate_series(1, %s) AS i, unnest(ARRAY['problem.toml', 'statement.md', 'x.py']) AS path",
            [_PROBLEMS],
        )


def _add_turns(url: str) -> None:
    """Half of what waits is learners', and many had their turns before them."""
    with psycopg.connect(conninfo(url)) as connection:
        connection.execute("UPDATE jobs SET priority = 10 WHERE status = 'queued' AND id < '8'")
        connection.execute(
            "UPDATE procrastinate_jobs SET priority = 10, queue_name = 'interactive' "
            "WHERE queueing_lock < '8'"
        )
        connection.execute(
            "INSERT INTO turns SELECT md5('t' || i), now() - i * interval '0.1 s' "
            "FROM generate_series(1, %s) AS i",
            [_TURNS],
        )


def _list_again(url: str) -> None:
    with psycopg.connect(conninfo(url), autocommit=True) as connection:
        connection.execute("UPDATE problems SET listed = true")
    settle(url)


def _different(statements: list[Statement]) -> list[Statement]:
    """One of each text."""
    return list({statement.sql: statement for statement in statements}.values())
