"""Figures on the queue and on what failed, for those who watch the service.

Each is one query that reads only a small partial index, however many submissions there are.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, literal_column, select, text, union_all

from app.core.outcome import Outcome
from app.core.service_status import FailedSubmission, QueueFigures
from app.core.submission import Status
from app.core.verdict import Mode
from app.store import tables
from app.store.engine.database import Connection

_table = tables.submissions
# Literals, not parameters: a partial index serves only queries that say what it says.
_NOT_DONE = _table.c.status != literal_column("'done'")
_FAILED = text("(failures > 0 OR outcome = 'internal_error')")
_BULK = 0
"""Up to this priority it is a regrade."""


async def queue_figures(connection: Connection) -> QueueFigures:
    """How many wait and run just now, and for how long."""
    is_bulk = _table.c.priority <= literal_column(str(_BULK))
    # Two scans of one index, each of few aggregates: a group for each of its rows costs twice as much.
    query = union_all(_figures_of("interactive", ~is_bulk), _figures_of("bulk", is_bulk))
    rows = {row.kind: row for row in await connection.execute(query)}
    interactive, bulk = rows["interactive"], rows["bulk"]
    return QueueFigures(
        waiting_interactive=interactive.unfinished - interactive.running,
        waiting_bulk=bulk.unfinished - bulk.running,
        running=interactive.running + bulk.running,
        oldest_interactive_seconds=_waited(interactive.oldest),
        oldest_bulk_seconds=_waited(bulk.oldest),
    )


def _figures_of(kind: str, some: ColumnElement[bool]) -> Select[str, int, int, Any]:
    queued = _table.c.status == literal_column(f"'{Status.QUEUED}'")
    return select(
        literal(kind).label("kind"),
        func.count().label("unfinished"),
        func.count().filter(~queued).label("running"),
        func.min(_table.c.created_at, type_=tables.UtcDateTime).filter(queued).label("oldest"),
    ).where(_NOT_DONE, some)


def _waited(since: datetime | None) -> float:
    # The pages' hosts set that moment, by clocks of their own.
    return 0.0 if since is None else max(0.0, (datetime.now(UTC) - since).total_seconds())


async def last_failures(connection: Connection, *, limit: int) -> list[FailedSubmission]:
    """Submissions whose grading failed through our fault, newest first; no learner's code among it."""
    failed = (
        select(_table).where(_FAILED).order_by(_table.c.created_at.desc()).limit(limit).subquery("failed")
    )
    query = (
        select(failed, tables.problems.c.slug)
        .join(tables.problem_versions, tables.problem_versions.c.version == failed.c.version)
        .join(tables.problems, tables.problems.c.id == tables.problem_versions.c.problem_id)
        .order_by(failed.c.created_at.desc(), failed.c.id)
    )
    return [
        FailedSubmission(
            id=row.id,
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
    """What the schema says that it is, which newer code may have made."""
    return str((await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar_one())
