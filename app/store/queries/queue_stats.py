"""Figures on the queue and on what failed, for those who watch the service.

Each is one query that reads only a small partial index, however many submissions there are.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, literal_column, select, text, union_all

from app.core.job import BULK, INTERACTIVE, Status
from app.core.outcome import Outcome
from app.core.service_status import FailedSubmission, QueueFigures
from app.core.submission import SUBMISSION
from app.core.verdict import Mode
from app.store import tables
from app.store.engine.database import Connection

_table, _submissions = tables.jobs, tables.submissions
# Literals, not parameters: a partial index serves only queries that say what it says.
_NOT_DONE = _table.c.status != literal_column("'done'")
_FAILED = text("(failures > 0 OR ending = 'failed')")


async def queue_figures(connection: Connection) -> QueueFigures:
    """Return how many jobs wait and run just now, and for how long, by who waits for them."""
    is_interactive = _table.c.priority >= literal_column(str(INTERACTIVE))
    is_bulk = _table.c.priority <= literal_column(str(BULK))
    # A scan of one index for each class, of few aggregates: a group for each of its rows costs twice as much.
    query = union_all(
        _figures_of("interactive", is_interactive),
        _figures_of("watched", ~is_interactive & ~is_bulk),
        _figures_of("bulk", is_bulk),
    )
    rows = {row.name: row for row in await connection.execute(query)}
    interactive, watched, bulk = rows["interactive"], rows["watched"], rows["bulk"]
    return QueueFigures(
        waiting_interactive=interactive.unfinished - interactive.running,
        waiting_watched=watched.unfinished - watched.running,
        waiting_bulk=bulk.unfinished - bulk.running,
        running=interactive.running + watched.running + bulk.running,
        oldest_interactive_seconds=_waited(interactive.oldest),
        oldest_watched_seconds=_waited(watched.oldest),
        oldest_bulk_seconds=_waited(bulk.oldest),
    )


def _figures_of(name: str, some: ColumnElement[bool]) -> Select[str, int, int, Any]:
    queued = _table.c.status == literal_column(f"'{Status.QUEUED}'")
    return select(
        literal(name).label("name"),
        func.count().label("unfinished"),
        func.count().filter(~queued).label("running"),
        func.min(_table.c.created_at, type_=tables.UtcDateTime).filter(queued).label("oldest"),
    ).where(_NOT_DONE, some)


def _waited(since: datetime | None) -> float:
    # The pages' hosts set that moment, by clocks of their own.
    return 0.0 if since is None else max(0.0, (datetime.now(UTC) - since).total_seconds())


async def last_failures(connection: Connection, *, limit: int) -> list[FailedSubmission]:
    """Return the submissions whose grading failed through our fault, newest first; no learner's code."""
    failed = (
        select(_table)
        .where(_FAILED, _table.c.kind == SUBMISSION)
        .order_by(_table.c.created_at.desc())
        .limit(limit)
        .subquery("failed")
    )
    query = (
        select(failed, _submissions.c.mode, _submissions.c.outcome, tables.problems.c.slug)
        .join(_submissions, _submissions.c.id == failed.c.subject)
        .join(tables.problem_versions, tables.problem_versions.c.version == _submissions.c.version)
        .join(tables.problems, tables.problems.c.id == tables.problem_versions.c.problem_id)
        .order_by(failed.c.created_at.desc(), failed.c.id)
    )
    return [
        FailedSubmission(
            id=row.subject,
            problem=row.slug,
            mode=Mode(row.mode),
            status=Status(row.status),
            outcome=None if row.outcome is None else Outcome(row.outcome),
            failures=row.failures,
            attempt=row.attempt,
            created_at=row.created_at,
        )
        for row in await connection.execute(query)
    ]


async def schema_revision(connection: Connection) -> str:
    """Return what the schema says that it is, which newer code may have made."""
    return str((await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar_one())
