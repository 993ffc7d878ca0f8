"""What the queue asks PostgreSQL, timed in a small and in a large database in turn."""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from uuid import uuid4

from procrastinate.jobs import Status as JobStatus

from app.core.job import INTERACTIVE, Status
from app.core.outcome import Outcome
from app.core.submission import Submission
from app.core.verdict import Mode
from app.queue.interface import Ticket
from app.queue.postgres import statements as procrastinate_jobs
from app.queue.postgres.app import BULK_QUEUE, INTERACTIVE_QUEUE, make_app
from app.queue.postgres.queue import ProcrastinateQueue
from app.queue.postgres.statements import look_for_missing_jobs
from app.queue.postgres.sweep import SweepTimes
from app.store.engine.database import Database
from app.store.queries import jobs, problem_versions, users
from app.store.queries.queue_stats import queue_figures
from app.submissions.service import unfinished_verdict
from bench.scale.pages import NEW, Timed
from tests.support.submission_jobs import finish_submission, insert_submission

_NAMES = (
    "enqueue: submission and job, one commit",
    "place of one that waits",
    "count of those that wait",
    "fetch of a job",
    "claim of its submission",
    "verdict stored",
    "job ended",
    "sweep: jobs of dead workers",
    "sweep: jobs in hand",
    "sweep: submissions without a job",
    "figures for /metrics",
)
_WARM_UP = 10


async def time_queue(small_url: str, large_url: str, slug: str, code: str, rounds: int) -> list[Timed]:
    """One submission from its commit to its verdict, statement by statement, `rounds` times."""
    timed = [Timed(name=name, small=[], large=[]) for name in _NAMES]
    async with AsyncExitStack() as stack:
        backends = [
            await stack.enter_async_context(_backend(url, slug, code)) for url in (small_url, large_url)
        ]
        for number in range(-_WARM_UP, rounds):
            for backend, side in ((backends[0], "small"), (backends[1], "large")):
                took = await backend.once()
                if number >= 0:
                    for row in timed:
                        getattr(row, side).append(took[row.name])
    return timed


class _Backend:
    """The way of one submission through the queue, in one database."""

    def __init__(self, database: Database, like: Submission) -> None:
        self._database = database
        self._like = like
        self._queue = ProcrastinateQueue(database)
        self._app = make_app(database.url)
        self._worker_id = 0
        self._took: dict[str, float] = {}
        self._names = iter(_NAMES)

    async def once(self) -> dict[str, float]:
        """Seconds by name."""
        self._took, self._names = {}, iter(_NAMES)
        manager = self._app.job_manager
        submission = Submission(
            id=uuid4().hex,
            user_id=self._like.user_id,
            problem_slug=self._like.problem_slug,
            version=self._like.version,
            mode=Mode.SUBMIT,
            code=self._like.code,
            status=Status.QUEUED,
            seed=1,
            created_at=datetime.now(UTC),
        )
        ticket = Ticket(submission.id, INTERACTIVE)
        async with self._timed(), self._database.transaction() as connection:
            await insert_submission(connection, submission, priority=ticket.priority)
            await self._queue.enqueue(connection, ticket)
        async with self._timed():
            await self._queue.positions([submission.id])
        async with self._timed(), self._database.reading() as connection:
            await jobs.count_waiting(connection, at_least=INTERACTIVE)
            await jobs.count_waiting(connection, at_least=INTERACTIVE, user_id=submission.user_id)
        async with self._timed():
            job = await manager.fetch_job([INTERACTIVE_QUEUE, BULK_QUEUE], self._worker_id)
        assert job is not None
        async with self._timed(), self._database.transaction() as connection:
            held = await jobs.claim(connection, str(job.task_kwargs["job_id"]))
        assert held is not None
        verdict = unfinished_verdict(submission, Outcome.ACCEPTED, "")
        async with self._timed(), self._database.transaction() as connection:
            await finish_submission(connection, held, verdict)
        async with self._timed():
            await manager.finish_job(job, JobStatus.SUCCEEDED, delete_job=True)
        async with self._timed(), self._database.transaction() as connection:
            await procrastinate_jobs.free_jobs_of_the_dead(
                connection, stalled_seconds=SweepTimes().stalled_seconds
            )
        async with self._timed(), self._database.reading() as connection:
            await procrastinate_jobs.jobs_in_hand(connection, {self._worker_id})
        async with self._timed(), self._database.transaction() as connection:
            await look_for_missing_jobs(connection)
        async with self._timed(), self._database.reading() as connection:
            await queue_figures(connection)
        return self._took

    @asynccontextmanager
    async def opened(self) -> AsyncIterator["_Backend"]:
        async with self._app.open_async():
            self._worker_id = await self._app.job_manager.register_worker()
            yield self

    @asynccontextmanager
    async def _timed(self) -> AsyncIterator[None]:
        start = time.perf_counter()
        yield
        self._took[next(self._names)] = time.perf_counter() - start


@asynccontextmanager
async def _backend(url: str, slug: str, code: str) -> AsyncIterator[_Backend]:
    database = Database(url)
    try:
        async with database.reading() as connection:
            found = await users.user_and_password_hash(connection, NEW)
            version = await problem_versions.current_version(connection, slug)
        assert found is not None
        assert version is not None
        like = Submission(
            id="",
            user_id=found[0].id,
            problem_slug=slug,
            version=version,
            mode=Mode.SUBMIT,
            code=code,
            status=Status.QUEUED,
            seed=1,
            created_at=datetime.now(UTC),
        )
        async with _Backend(database, like).opened() as backend:
            yield backend
    finally:
        await database.close()
