"""The end of a job, written by the worker that still has it and by nobody else."""

import datetime

from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager

_FINISH = """
    DELETE FROM procrastinate_jobs
    WHERE id = %(job_id)s AND worker_id = %(worker_id)s AND status = 'doing'
"""
# Where another job waits for the same submission, or nobody wants it any more, nothing needs to come again.
_RETRY = """
    WITH own AS (
        SELECT id FROM procrastinate_jobs
        WHERE id = %(job_id)s AND worker_id = %(worker_id)s AND status = 'doing' FOR UPDATE
    ), needless AS (
        DELETE FROM procrastinate_jobs AS job USING own
        WHERE job.id = own.id AND (job.abort_requested OR EXISTS (
            SELECT FROM procrastinate_jobs AS other
            WHERE other.queueing_lock = job.queueing_lock AND other.status = 'todo'
        ))
        RETURNING job.id
    )
    UPDATE procrastinate_jobs AS job
    SET status = 'todo', worker_id = NULL, attempts = attempts + 1, scheduled_at = %(retry_at)s
    FROM own WHERE job.id = own.id AND job.id NOT IN (SELECT id FROM needless)
"""


class OwnedJobs(JobManager):
    """Procrastinate's own ends a job by its number alone.

    A worker that was taken for dead and comes back would so take the job away from the one that does it now.
    """

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:
        await self.connector.execute_query_async(_FINISH, job_id=job.id, worker_id=job.worker_id)

    async def retry_job(
        self,
        job: Job,
        retry_at: datetime.datetime | None = None,
        priority: int | None = None,
        queue: str | None = None,
        lock: str | None = None,
    ) -> None:
        await self.connector.execute_query_async(
            _RETRY, job_id=job.id, worker_id=job.worker_id, retry_at=retry_at
        )
