"""How a worker looks for jobs: by turns, not all at the same moment, and ends only what it still has."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime

from procrastinate.connector import BaseConnector
from procrastinate.jobs import Job, Notification, Status
from procrastinate.manager import JobManager, NotificationCallback

from app.core.job import TURNS_BEFORE_CONFIRMING
from app.queue.postgres import turns

_FINISH = """
    DELETE FROM procrastinate_jobs
    WHERE id = %(job_id)s AND worker_id = %(worker_id)s AND status = 'doing'
"""
# Where another one waits for the same job of ours, or nobody wants it any more, nothing needs to come again.
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
        retry_at: datetime | None = None,
        priority: int | None = None,
        queue: str | None = None,
        lock: str | None = None,
    ) -> None:
        await self.connector.execute_query_async(
            _RETRY, job_id=job.id, worker_id=job.worker_id, retry_at=retry_at
        )


class StaggeredJobs(OwnedJobs):
    """Has a worker look for jobs after a moment of its own.

    PostgreSQL tells every idle worker of every job. If all looked at once, all but one in vain, then many
    idle workers would hold each other up. So each waits a random part of `span_seconds`, and who is told of
    several jobs meanwhile looks once. Of n that are idle the first looks after 1 / (n + 1) of the span, as
    the mean of the smallest of n uniform numbers is.
    """

    def __init__(self, connector: BaseConnector, span_seconds: Callable[[], float]) -> None:
        super().__init__(connector)
        self._span_seconds = span_seconds
        self._looks: dict[tuple[str, ...], asyncio.Lock] = {}
        self._turns_in_a_row: Counter[tuple[str, ...]] = Counter()

    async def listen_for_jobs(
        self, *, on_notification: NotificationCallback, queues: Iterable[str] | None = None
    ) -> None:
        planned: asyncio.Task[None] | None = None

        async def look(channel: str, notification: Notification) -> None:
            await asyncio.sleep(random.uniform(0.0, self._span_seconds()))  # noqa: S311 - no secret
            # Procrastinate forgets what it is told while it looks.
            async with self._look(queues):
                pass
            await on_notification(channel=channel, notification=notification)

        async def on_report(*, channel: str, notification: Notification) -> None:
            nonlocal planned
            if notification["type"] != "job_inserted":
                await on_notification(channel=channel, notification=notification)
            elif planned is None or planned.done():
                planned = asyncio.create_task(look(channel, notification))

        try:
            await super().listen_for_jobs(on_notification=on_report, queues=queues)
        finally:
            if planned is not None:
                planned.cancel()
                await asyncio.gather(planned, return_exceptions=True)

    async def fetch_job(self, queues: Iterable[str] | None, worker_id: int) -> Job | None:
        names = tuple(queues or ())
        async with self._look(queues):
            if self._turns_in_a_row[names] >= TURNS_BEFORE_CONFIRMING:
                self._turns_in_a_row[names] = 0
                if found := await turns.take_confirming(self.connector, names, worker_id):
                    return found
            if found := await turns.take(self.connector, names, worker_id):
                self._turns_in_a_row[names] += 1
                return found
            return await super().fetch_job(queues, worker_id)

    def _look(self, queues: Iterable[str] | None) -> asyncio.Lock:
        """Return what is held while somebody looks into these queues."""
        return self._looks.setdefault(tuple(queues or ()), asyncio.Lock())
