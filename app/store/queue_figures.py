"""Figures on the queue and on what failed, for those who watch the service.

Each is one query that reads only a small partial index, however many submissions there are.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, func, literal_column, select, text

from app.core.outcome import Outcome
from app.core.service_status import FailedSubmission, QueueFigures
from app.core.submission import Status
from app.core.verdict import Mode
from app.store import tables
from app.store.database import Connection

_table = tables.submissions
# Literals, not parameters: a partial index serves only queries that say what it says.
_NOT_DONE = _table.c.status != literal_column("'done'")
_FAILED = text("(failures > 0 OR outcome = 'internal_error')")
_BULK = 0
"""Up to this priority it is a regrade."""


async def queue_figures(connection: Connection) -> QueueFigures:
    """How many wait and run just now, and for how long."""
    is_interactive = (_table.c.priority > literal_column(str(_BULK))).label("is_interactive")
    query = (
        select(
            is_interactive,
            _table.c.status,
            func.count().label("number"),
            func.min(_table.c.created_at, type_=tables.UtcDateTime).label("oldest"),
        )
        .where(_NOT_DONE)
        .group_by(is_interactive, _table.c.status)
    )
    groups = {(bool(row.is_interactive), row.status): row for row in await connection.execute(query)}
    interactive, bulk = groups.get((True, Status.QUEUED)), groups.get((False, Status.QUEUED))
    return QueueFigures(
        waiting_interactive=0 if interactive is None else interactive.number,
        waiting_bulk=0 if bulk is None else bulk.number,
        running=sum(row.number for (_, status), row in groups.items() if status == Status.RUNNING),
        oldest_interactive_seconds=_waited(interactive),
        oldest_bulk_seconds=_waited(bulk),
    )


def _waited(waiting: Row[Any] | None) -> float:
    """Seconds for which the oldest of a group has waited; none where there is no group."""
    # The pages' hosts set that moment, by clocks of their own.
    return 0.0 if waiting is None else max(0.0, (datetime.now(UTC) - waiting.oldest).total_seconds())


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
