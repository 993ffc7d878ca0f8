"""Submissions that wait and that no job stands for, found by looks at a part of those that wait."""

from datetime import UTC, datetime

import msgspec
from sqlalchemy import text

from app.queue.interface import Ticket
from app.store.engine.database import Connection

LOOK_AT = 500
"""Submissions a look: some two milliseconds, however many wait."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A place among those that wait: the most urgent come first, and of those the newest."""

    priority: int
    created_at: datetime
    id: str


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """`missing` have no job, the most urgent and oldest first; the next look begins at `end`."""

    missing: list[Ticket]
    end: Place | None
    """None where this look came to the last that waits."""


_BEGIN = Place(priority=2**31 - 1, created_at=datetime(9999, 1, 1, tzinfo=UTC), id="")
# Counted, for each by the jobs' index: of NOT EXISTS PostgreSQL makes a join, for which it reads every job.
_QUERY = """
    WITH looked_at AS (
        SELECT id, priority, created_at FROM submissions
        WHERE status <> 'done' AND (priority, created_at, id) < (:priority, :created_at, :id)
        ORDER BY priority DESC, created_at DESC, id DESC LIMIT :look_at
    ), missing AS (
        SELECT * FROM looked_at WHERE (
            SELECT count(*) FROM procrastinate_jobs AS job
            WHERE job.queueing_lock = looked_at.id AND job.status IN ('todo', 'doing')
        ) = 0
    ), last AS (
        SELECT * FROM looked_at ORDER BY priority DESC, created_at DESC, id DESC OFFSET :look_at - 1
    )
    SELECT *, false AS is_end FROM missing UNION ALL SELECT *, true FROM last
    ORDER BY is_end, priority DESC, created_at, id
"""


async def look_for_missing_jobs(
    connection: Connection, after: Place | None = None, *, look_at: int = LOOK_AT
) -> Look:
    """Look at the next so many submissions without a verdict, those among them that are graded just now."""
    values = {**msgspec.structs.asdict(after or _BEGIN), "look_at": look_at}
    rows = (await connection.execute(text(_QUERY), values)).all()
    ends = [Place(priority=row.priority, created_at=row.created_at, id=row.id) for row in rows if row.is_end]
    return Look(
        missing=[Ticket(row.id, row.priority) for row in rows if not row.is_end],
        end=ends[0] if ends else None,
    )
