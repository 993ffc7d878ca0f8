"""Statements on Procrastinate's jobs that it does not have itself."""

from collections.abc import Collection

from sqlalchemy import text

from app.jobs.queue import Ticket
from app.store.database import Connection

_ANNOUNCED = """
    SELECT pg_notify(
        'procrastinate_queue_v1#' || queue_name,
        json_build_object('type', 'job_inserted', 'job_id', id)::text
    ) FROM freed
"""
_FREED = """
    UPDATE procrastinate_jobs AS job
    SET status = 'todo', worker_id = NULL, abort_requested = false, attempts = attempts + 1
    FROM dead WHERE job.id = dead.id
    RETURNING job.id, job.queue_name
"""
_OF_THE_DEAD = """
    job.status = 'doing' AND NOT EXISTS (
        SELECT FROM procrastinate_workers AS worker
        WHERE worker.id = job.worker_id
        AND worker.last_heartbeat >= now() - make_interval(secs => :stalled_seconds)
    )
"""


async def free_jobs_of_the_dead(connection: Connection, *, stalled_seconds: float) -> int:
    """Let others have the jobs of workers whose heart has not beaten for so long; how many there were."""
    # Such a job may have been given back already, by one that died right after.
    doubles = f"""
        DELETE FROM procrastinate_jobs AS job WHERE {_OF_THE_DEAD} AND EXISTS (
            SELECT FROM procrastinate_jobs AS other
            WHERE other.queueing_lock = job.queueing_lock AND other.status = 'todo'
        )
    """  # noqa: S608 - put together from the constants above
    await connection.execute(text(doubles), {"stalled_seconds": stalled_seconds})
    free = f"""
        WITH dead AS (
            SELECT job.id FROM procrastinate_jobs AS job WHERE {_OF_THE_DEAD} FOR UPDATE SKIP LOCKED
        ), freed AS ({_FREED}) {_ANNOUNCED}
    """  # noqa: S608
    return len((await connection.execute(text(free), {"stalled_seconds": stalled_seconds})).all())


async def jobs_in_hand(connection: Connection, worker_ids: Collection[int]) -> set[int]:
    """The jobs that these workers are said to be doing."""
    query = "SELECT id FROM procrastinate_jobs WHERE status = 'doing' AND worker_id = ANY(:worker_ids)"
    return {row.id for row in await connection.execute(text(query), {"worker_ids": list(worker_ids)})}


async def free_jobs(connection: Connection, job_ids: Collection[int], worker_ids: Collection[int]) -> None:
    """Let others have these jobs of these workers, who know nothing of them any more."""
    free = f"""
        WITH dead AS (
            SELECT id FROM procrastinate_jobs AS job
            WHERE id = ANY(:job_ids) AND status = 'doing' AND worker_id = ANY(:worker_ids)
            AND NOT EXISTS (
                SELECT FROM procrastinate_jobs AS other
                WHERE other.queueing_lock = job.queueing_lock AND other.status = 'todo'
            )
            FOR UPDATE SKIP LOCKED
        ), freed AS ({_FREED}) {_ANNOUNCED}
    """  # noqa: S608
    await connection.execute(text(free), {"job_ids": list(job_ids), "worker_ids": list(worker_ids)})


async def without_a_job(connection: Connection, *, limit: int = 1000) -> list[Ticket]:
    """Submissions that have no verdict and that no job stands for, the most urgent and oldest first."""
    query = """
        SELECT id, priority FROM submissions AS submission
        WHERE status <> 'done' AND NOT EXISTS (
            SELECT FROM procrastinate_jobs AS job
            WHERE job.queueing_lock = submission.id AND job.status IN ('todo', 'doing')
        )
        ORDER BY priority DESC, created_at, id LIMIT :limit
    """
    found = await connection.execute(text(query), {"limit": limit})
    return [Ticket(row.id, row.priority) for row in found]


async def withdraw(connection: Connection, submission_id: str) -> None:
    """Take the submission's job out; a worker that has it is told to stop."""
    cancel = """
        SELECT procrastinate_cancel_job_v1(id, true, true) FROM procrastinate_jobs
        WHERE queueing_lock = :submission_id AND status IN ('todo', 'doing')
    """
    await connection.execute(text(cancel), {"submission_id": submission_id})
