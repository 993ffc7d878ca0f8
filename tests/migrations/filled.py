"""A database with something in it, at whatever revision: only the columns that are there are spoken of."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
RELEASE_BEFORE = "0002"
"""The revision of the code that services of the release before still run; to be moved with each release."""


def tables_of(connection: sa.Connection) -> dict[str, sa.Table]:
    """The tables as code of that revision knows them."""
    found = sa.MetaData()
    found.reflect(connection)
    connection.rollback()
    return dict(found.tables)


def fill(connection: sa.Connection, *, submissions: int) -> None:
    """One learner, one problem and so many submissions; every tenth waits, every tenth runs."""
    tables = tables_of(connection)
    connection.execute(
        tables["users"]
        .insert()
        .values(id="u", email="u@x", password_hash="h", role="learner", created_at=NOW)
    )
    connection.execute(
        tables["problems"].insert().values(id="p", slug="p", position=1, version="v", listed=True)
    )
    connection.execute(
        tables["problem_versions"].insert().values(version="v", problem_id="p", published_at=NOW)
    )
    if rows := [_submission(number) for number in range(submissions)]:
        connection.execute(tables["submissions"].insert(), rows)
    connection.commit()


def _get_explained(connection: sa.Connection, tables: dict[str, sa.Table]) -> None:
    """Give one submission a second verdict, which says the same as the first."""
    submissions = tables["submissions"]
    one = connection.execute(sa.select(submissions).where(submissions.c.verdict.is_not(None))).first()
    assert one is not None
    row: dict[str, Any] = {"submission_id": one.id, "version": one.version, "created_at": NOW}
    row |= {"outcome": one.outcome, "score": one.score}
    first = {**row, "number": 1, "why": "graded", "verdict": None}
    second = {**row, "number": 2, "why": "explained", "verdict": one.verdict}
    connection.execute(tables["verdicts"].insert(), [first, second])
    current = submissions.update().where(submissions.c.id == one.id).values(current_verdict=2)
    connection.execute(current)


def _submission(number: int) -> dict[str, Any]:
    status = {0: "queued", 1: "running"}.get(number % 10, "done")
    done = status == "done"
    return {
        "id": f"{number:032d}",
        "user_id": "u",
        "version": "v",
        "mode": "submit",
        "code": "x = 'π'",
        "status": status,
        "priority": 10,
        "attempt": number % 3,
        "seed": 2**53 - number,
        "created_at": NOW,
        "finished_at": NOW if done else None,
        "outcome": "accepted" if done else None,
        "verdict": "{}" if done else None,
    }


def all_rows(connection: sa.Connection, columns: Sequence[str]) -> list[tuple[Any, ...]]:
    """The submissions, as far as these columns tell of them; since 0005 some are those of their jobs."""
    tables = tables_of(connection)
    table, jobs = tables["submissions"], tables.get("jobs")
    selected = [table.c[name] if name in table.c else jobs.c[name] for name in columns]  # type: ignore[union-attr]
    query = sa.select(*selected).order_by(table.c.id)
    if jobs is not None:
        query = query.select_from(table.join(jobs, jobs.c.id == table.c.id))
    return [tuple(row) for row in connection.execute(query)]


def leave_traces(connection: sa.Connection) -> None:
    """What a day of work leaves in the newest tables, which a step down must get rid of."""
    tables = tables_of(connection)
    worker: dict[str, Any] = {"id": "w", "name": "w", "host": "h", "pid": 1, "slots": 1, "running": 0}
    worker |= {"state": "grading", "message": "", "environment": "{}", "versions": "[]"}
    connection.execute(tables["workers"].insert().values(**worker, started_at=NOW, seen_at=NOW))
    connection.execute(sa.text("UPDATE jobs SET failures = 1"))
    _get_explained(connection, tables)
    proof: dict[str, Any] = {"id": "j", "kind": "proof", "subject": "v", "priority": 5, "status": "queued"}
    connection.execute(tables["jobs"].insert().values(**proof, created_at=NOW))
    connection.execute(sa.text("UPDATE jobs SET network = '192.0.2.7' WHERE status = 'queued'"))
    invitation: dict[str, Any] = {"id": "i", "secret_hash": "s", "name": "class", "uses": 80, "used": 3}
    connection.execute(tables["invitations"].insert().values(**invitation, created_at=NOW, expires_at=NOW))
    if connection.dialect.name == "postgresql":
        connection.execute(tables["turns"].insert().values(taker="192.0.2.7", taken_at=NOW))
        connection.execute(tables["submission_events"].insert().values(submission_id="s", event="{}"))
        connection.execute(
            sa.text(
                "SELECT procrastinate_defer_jobs_v1(ARRAY[ROW("
                "'interactive', 'run', 10, NULL, 's', '{}', NULL)::procrastinate_job_to_defer_v1])"
            )
        )
    connection.commit()
