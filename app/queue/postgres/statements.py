"""Statements on Procrastinate's jobs that it lacks: whose worker died, and which are missing."""

from collections.abc import Collection
from datetime import UTC, datetime

import msgspec
from sqlalchemy import text

from app.queue.interface import Ticket
from app.store.engine.database import Connection

LOOK_AT = 500
"""Jobs a look for missing ones goes through: some two milliseconds, however many wait."""

_NOTIFIED = """
    SELECT pg_notify(
        'procrastinate_queue_v1#' || queue_name,
        json_build_object('type', 'job_inserted', 'job_id', id)::text
    ) FROM freed
"""
# Of several entries for one job one may wait: `dead` are looked through for others, and so is what waits.
_FREED = """
    WITH dead AS ({dead} FOR UPDATE SKIP LOCKED), needless AS (
        DELETE FROM procrastinate_jobs AS job USING dead
        WHERE job.id = dead.id AND (
            EXISTS (
                SELECT FROM procrastinate_jobs AS other
                WHERE other.queueing_lock = job.queueing_lock AND other.status = 'todo'
            ) OR EXISTS (
                SELECT FROM dead AS earlier
                WHERE earlier.queueing_lock = job.queueing_lock AND earlier.id < job.id
            )
        )
        RETURNING job.id
    ), freed AS (
        UPDATE procrastinate_jobs AS job
        SET status = 'todo', worker_id = NULL, abort_requested = false, attempts = attempts + 1
        FROM dead WHERE job.id = dead.id AND job.id NOT IN (SELECT id FROM needless)
        RETURNING job.id, job.queue_name
    )
"""
# No heart has beaten while the database was down, and the living get a moment to come back.
_OF_THE_DEAD = """
    SELECT job.id, job.queueing_lock FROM procrastinate_jobs AS job
    WHERE job.status = 'doing' AND NOT EXISTS (
        SELECT FROM procrastinate_workers AS worker
        WHERE worker.id = job.worker_id
        AND worker.last_heartbeat >= now() - make_interval(secs => :stalled_seconds)
    ) AND now() >= pg_postmaster_start_time() + make_interval(secs => :stalled_seconds)
"""
_OF_THESE = """
    SELECT id, queueing_lock FROM procrastinate_jobs
    WHERE id = ANY(:job_ids) AND status = 'doing' AND worker_id = ANY(:worker_ids)
"""


class WorkerCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many workers there are in all processes, and how many of them may well look for a job.

    `free` is all but as many as there are jobs under way. A worker that does several jobs at a time makes
    this too few, so it is a quarter of them at least.
    """

    living: int
    free: int


async def free_jobs_of_the_dead(connection: Connection, *, stalled_seconds: float) -> int:
    """Let others have the jobs of workers whose heart has not beaten for so long; return how many."""
    free = text(_FREED.format(dead=_OF_THE_DEAD) + _NOTIFIED)
    return len((await connection.execute(free, {"stalled_seconds": stalled_seconds})).all())


async def free_jobs(connection: Connection, job_ids: Collection[int], worker_ids: Collection[int]) -> None:
    """Let others have these jobs of these workers, who know nothing of them any more."""
    free = text(_FREED.format(dead=_OF_THESE) + _NOTIFIED)
    await connection.execute(free, {"job_ids": list(job_ids), "worker_ids": list(worker_ids)})


async def beat(connection: Connection, worker_ids: Collection[int]) -> None:
    """Renew the heartbeats of these workers, which have jobs under way."""
    query = "UPDATE procrastinate_workers SET last_heartbeat = now() WHERE id = ANY(:worker_ids)"
    await connection.execute(text(query), {"worker_ids": list(worker_ids)})


async def jobs_in_hand(connection: Connection, worker_ids: Collection[int]) -> set[int]:
    """Return the jobs that these workers are said to be doing."""
    query = "SELECT id FROM procrastinate_jobs WHERE status = 'doing' AND worker_id = ANY(:worker_ids)"
    return {row.id for row in await connection.execute(text(query), {"worker_ids": list(worker_ids)})}


async def count_workers(connection: Connection, *, stalled_seconds: float) -> WorkerCounts:
    """Count those whose heart has beaten within so long."""
    query = """
        SELECT
            (SELECT count(*) FROM procrastinate_workers
             WHERE last_heartbeat >= now() - make_interval(secs => :stalled_seconds)) AS living,
            (SELECT count(*) FROM procrastinate_jobs
             WHERE worker_id IS NOT NULL AND status = 'doing') AS doing
    """
    row = (await connection.execute(text(query), {"stalled_seconds": stalled_seconds})).one()
    return WorkerCounts(living=row.living, free=max(row.living - row.doing, row.living // 4))


async def cancel(connection: Connection, job_id: str) -> None:
    """Take the job out; a worker that has it is told to stop."""
    cancel = """
        SELECT procrastinate_cancel_job_v1(id, true, true) FROM procrastinate_jobs
        WHERE queueing_lock = :job_id AND status IN ('todo', 'doing')
    """
    await connection.execute(text(cancel), {"job_id": job_id})


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
        SELECT id, priority, created_at FROM jobs
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
    """Look at the next so many jobs that are not done, those among them that are run just now."""
    values = {**msgspec.structs.asdict(after or _BEGIN), "look_at": look_at}
    rows = (await connection.execute(text(_QUERY), values)).all()
    ends = [Place(priority=row.priority, created_at=row.created_at, id=row.id) for row in rows if row.is_end]
    return Look(
        missing=[Ticket(row.id, row.priority) for row in rows if not row.is_end],
        end=ends[0] if ends else None,
    )
