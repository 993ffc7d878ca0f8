"""What pages and workers share, opened from the settings: database, queue, live events, and a worker."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

import msgspec

from app.catalog.problem_folder import read_problem
from app.core.service_status import WorkerState
from app.errors import SettingsError
from app.events.feed import Feed
from app.events.relay import RelayedFeed
from app.grading.grader import GradingStage
from app.metrics.metrics import Metrics
from app.queue.embedded.queue import EmbeddedQueue
from app.queue.embedded.watch_table import rebuild_queue
from app.queue.interface import Queue
from app.queue.postgres.queue import ProcrastinateQueue
from app.settings import Settings
from app.store.engine.database import Database
from app.store.engine.open import open_database
from app.store.engine.single_writer import sole_owner
from app.store.engine.wait import await_database
from app.store.problems import Problems
from app.worker.consume import Run
from app.worker.grade_submission import Grades, GradeSubmission
from app.worker.heartbeat import Registration
from app.worker.prewarm import keep_prepared
from app.worker.retention import Retention
from app.worker.worker import OpenGrader, Worker
from sandbox.environment import fingerprint


class Services(msgspec.Struct, frozen=True, kw_only=True):
    """Ready for use while `opened` lasts."""

    database: Database
    problems: Problems
    queue: Queue
    feed: Feed


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """On SQLite an embedded queue, which only this process has; on PostgreSQL one of many processes.

    Raises:
        DatabaseInUse: SQLite, and another process owns it.
    """
    async with AsyncExitStack() as stack:
        await await_database(settings.store_url, patience_seconds=settings.database_wait_seconds)
        database = await stack.enter_async_context(open_database(settings.store_url))
        queue: Queue
        if settings.is_distributed:
            feed: Feed = await stack.enter_async_context(_running(RelayedFeed(database)))
            queue = ProcrastinateQueue(database)
        else:
            await stack.enter_async_context(sole_owner(database))
            feed = Feed()
            queue = EmbeddedQueue(feed.publish)
        yield Services(database=database, problems=Problems(database, read_problem), queue=queue, feed=feed)


@asynccontextmanager
async def publishing_positions(services: Services) -> AsyncIterator[None]:
    """Those who wait hear their place while the block lasts; the embedded queue tells them by itself."""
    if isinstance(services.queue, ProcrastinateQueue) and isinstance(services.feed, RelayedFeed):
        async with services.queue.publishing_positions(services.feed.followed, services.feed.publish):
            yield
    else:
        yield


@asynccontextmanager
async def run_worker(
    settings: Settings, services: Services, open_grader: OpenGrader, metrics: Metrics
) -> AsyncIterator[Worker]:
    """A worker that grades while the block lasts, is listed among the workers, and once an hour takes away
    what the settings keep for a time only. What an embedded one had to do at the last end is in it again."""
    if isinstance(services.queue, EmbeddedQueue):
        await rebuild_queue(services.database, services.queue)
    registration = Registration(services.database, settings.worker_name, settings.slots)

    def on_proven(versions: tuple[str, ...], message: str) -> None:
        registration.versions, registration.message = versions, message

    def on_state(state: WorkerState) -> None:
        registration.state = state

    def grade_with(grader: Grades) -> Run:
        environment = grader.environment()
        registration.environment = {**environment, "fingerprint": fingerprint(environment)}
        metrics.grading.watch_jails(lambda: len(grader.waiting_pids))
        return registration.counting(
            GradeSubmission(
                services.database,
                services.problems,
                services.queue,
                services.feed.publish,
                grader,
                counts=metrics.grading,
                diagnosis_seconds=settings.diagnosis_seconds,
            )
        )

    worker = Worker(
        services.queue,
        open_grader,
        grade_with,
        lambda grader: keep_prepared(grader, services.problems, on_proven),
        slots=settings.slots,
        reserved_slots=settings.reserved_slots,
        drain_seconds=settings.drain_seconds,
        on_state=on_state,
    )
    retention = Retention(
        services.database,
        keep_output_days=settings.keep_output_days,
        keep_runs_days=settings.keep_runs_days,
    )
    async with registration.kept(), retention.kept_up(), worker.running():
        yield worker


def require_distributed(settings: Settings, what: str) -> None:
    """Workers of their own need a queue that other processes reach.

    Raises:
        SettingsError: the database is SQLite.
    """
    if not settings.is_distributed:
        raise SettingsError(
            f"{what} needs PostgreSQL: set JAXERCISE_DATABASE_URL to postgresql+psycopg://… "
            "(on SQLite `jaxercise serve` grades by itself)"
        )


def real_grader(settings: Settings, metrics: Metrics) -> OpenGrader:
    """Behind the real sandbox; `metrics` are told how long its stages take."""

    return lambda: open_real_grader(settings, metrics.grading.stage)


def open_real_grader(
    settings: Settings, on_stage: Callable[[GradingStage, float], None]
) -> AbstractAsyncContextManager[Grades]:
    """Open the sandboxes and a grader over them, in this very process."""
    from app.grading.open_grader import open_grader

    return open_grader(
        data_dir=settings.data_dir,
        unjailed=settings.sandbox == "unjailed",
        warm_jails=settings.warm_jails,
        keep_free_bytes=settings.keep_free_mb << 20,
        standby=True,
        diagnosis_seconds=settings.diagnosis_seconds,
        prepares_diagnosis=False,  # The worker does, beside its work.
        on_stage=on_stage,
    )


@asynccontextmanager
async def _running(feed: RelayedFeed) -> AsyncIterator[RelayedFeed]:
    async with feed.running():
        yield feed
