"""When a worker looks for a job that it is told of: not all of them at the same moment."""

import asyncio
import random
from collections.abc import Callable, Iterable

from procrastinate.connector import BaseConnector
from procrastinate.jobs import Job, Notification
from procrastinate.manager import NotificationCallback

from app.queue.postgres.fenced_jobs import OwnedJobs


class StaggeredJobs(OwnedJobs):
    """What a worker asks for jobs.

    PostgreSQL tells every idle worker of every job. If all looked at once, all but one in vain, then many
    idle workers would hold each other up. So each waits a random part of `span_seconds`, and who is told of
    several jobs meanwhile looks once. Of n that are idle the first looks after 1 / (n + 1) of the span, as
    the mean of the smallest of n uniform numbers is.
    """

    def __init__(self, connector: BaseConnector, span_seconds: Callable[[], float]) -> None:
        super().__init__(connector)
        self._span_seconds = span_seconds
        self._looks: dict[tuple[str, ...], asyncio.Lock] = {}

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
        async with self._look(queues):
            return await super().fetch_job(queues, worker_id)

    def _look(self, queues: Iterable[str] | None) -> asyncio.Lock:
        """Held while somebody looks into these queues."""
        return self._looks.setdefault(tuple(queues or ()), asyncio.Lock())
