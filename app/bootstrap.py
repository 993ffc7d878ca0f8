"""What pages and workers share, opened from the settings: database, queue, live events, and a worker."""

from collections.abc import AsyncIterator, Callable, Mapping
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
from app.queue.embedded.watch_table import following_table, rebuild_queue
from app.queue.interface import Queue
from app.queue.postgres.queue import ProcrastinateQueue
from app.settings import Settings
from app.store.engine.database import Database
from app.store.engine.exclusive_access import sole_owner
from app.store.engine.open import await_database, open_database
from app.store.problems import Problems
from app.worker.consume import Run
from app.worker.grades import Grades
from app.worker.heartbeat import Registration
from app.worker.kinds.kind import KindServices
from app.worker.kinds.table import kinds_of
from app.worker.prewarm import keep_prepared
from app.worker.retention import Retention
from app.worker.run_job import RunJob
from app.worker.worker import OpenGrader, Worker
from sandbox.environment import fingerprint


class Services(msgspec.Struct, frozen=True, kw_only=True):
    """Ready for use while `opened` lasts."""

    database: Database
    problems: Problems
    queue: Queue
    feed: Feed


@asynccontextmanager
async def open_services(settings: Settings, *, only_asks: bool = False) -> AsyncIterator[Services]:
    """Open what pages and workers share.

    On SQLite that is an embedded queue, which only this process has, and on PostgreSQL one of many. A process
    that `only_asks` for jobs may stand beside the one that owns a SQLite database, and hears no live events.

    Raises:
        DatabaseInUse: SQLite, and another process owns it.
    """
    async with AsyncExitStack() as stack:
        await await_database(settings.store_url, patience_seconds=settings.database_wait_seconds)
        database = await stack.enter_async_context(open_database(settings.store_url))
        queue: Queue
        feed: Feed
        if only_asks:
            queue = ProcrastinateQueue(database) if settings.is_distributed else EmbeddedQueue()
            feed = Feed()
        elif settings.is_distributed:
            feed = await stack.enter_async_context(_running(RelayedFeed(database)))
            queue = ProcrastinateQueue(database)
        else:
            await stack.enter_async_context(sole_owner(database))
            feed = Feed()
            queue = EmbeddedQueue(feed.publish)
        yield Services(database=database, problems=Problems(database, read_problem), queue=queue, feed=feed)


@asynccontextmanager
async def publishing_positions(services: Services) -> AsyncIterator[None]:
    """Publish their places to those who wait while the block lasts; the embedded queue does by itself."""
    if isinstance(services.queue, ProcrastinateQueue) and isinstance(services.feed, RelayedFeed):
        async with services.queue.publishing_positions(services.feed.followed, services.feed.publish):
            yield
    else:
        yield


@asynccontextmanager
async def run_worker(
    settings: Settings, services: Services, open_grader: OpenGrader, metrics: Metrics
) -> AsyncIterator[Worker]:
    """Work while the block lasts.

    It grades, is listed among the workers, and takes away once an hour what is kept for a time only.
    """
    registration = Registration(services.database, settings.worker_name, settings.slots)

    def on_proven(versions: tuple[str, ...], message: str) -> None:
        registration.versions, registration.message = versions, message

    def on_state(state: WorkerState) -> None:
        registration.state = state

    def grade_with(grader: Grades) -> Run:
        registration.follow_environment(lambda: _with_fingerprint(grader.environment()))
        metrics.grading.watch_jails(lambda: len(grader.waiting_pids))
        return registration.counting(
            RunJob(
                services.database,
                services.queue,
                kinds_of(
                    KindServices(
                        database=services.database,
                        problems=services.problems,
                        queue=services.queue,
                        grader=grader,
                        publish=services.feed.publish,
                        counts=metrics.grading,
                        diagnosis_seconds=settings.diagnosis_seconds,
                    )
                ),
                metrics.grading,
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
    async with (
        _queue_filled(services),
        registration.listed(),
        retention.running(),
        worker.running(),
    ):
        yield worker


@asynccontextmanager
async def _queue_filled(services: Services) -> AsyncIterator[None]:
    """Have everything in an embedded queue that the table holds.

    What was left at the last end is there before the block begins; what other processes ask for comes later.
    """
    if not isinstance(services.queue, EmbeddedQueue):
        yield
        return
    await rebuild_queue(services.database, services.queue)
    async with following_table(services.database, services.queue):
        yield


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


def _with_fingerprint(environment: Mapping[str, str]) -> dict[str, str]:
    return {**environment, "fingerprint": fingerprint(dict(environment))}


def open_real_grader(
    settings: Settings, on_stage: Callable[[GradingStage, float], None]
) -> AbstractAsyncContextManager[Grades]:
    """Open the sandboxes and a grader over them, in this very process."""
    from app.grading.open_grader import open_grader

    return open_grader(
        data_dir=settings.data_dir,
        unjailed=settings.sandbox == "unjailed",
        jax_patches=settings.jax_patches,
        warm_jails=settings.warm_jails,
        keep_free_bytes=settings.keep_free_mb << 20,
        standby=True,
        diagnosis_seconds=settings.diagnosis_seconds,
        prepares_diagnosis=False,  # The worker does, beside its work.
        on_stage=on_stage,
        calibrates=True,
        knows_mutants=settings.explain_by_mutants,
    )


@asynccontextmanager
async def _running(feed: RelayedFeed) -> AsyncIterator[RelayedFeed]:
    async with feed.running():
        yield feed
