"""How much many workers get done together, and how soon one begins, with a grader that computes nothing.

Each worker is what `jaxercise worker` is but for its sandbox: a queue of its own with one slot, the real way
of a submission, live events, all with connections of their own. They are tasks of a few processes, since a
Python each would be more than two cores carry.
"""

import asyncio
import multiprocessing
import os
import resource
import statistics
import time
from collections import Counter
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from multiprocessing.connection import Connection as Pipe
from typing import Any
from uuid import uuid4

import msgspec
import psycopg

from app.catalog.problem_folder import read_problem
from app.core.job import INTERACTIVE, Status
from app.core.submission import Submission
from app.core.user import Role
from app.core.verdict import Mode
from app.events.relay import RelayedFeed
from app.metrics.metrics import GradingCounts
from app.queue.interface import Ticket
from app.queue.postgres.queue import ProcrastinateQueue
from app.store.engine.database import Database
from app.store.engine.open import open_database
from app.store.engine.url import conninfo
from app.store.problems import Problems
from app.store.queries import users
from app.worker.consume import consuming
from app.worker.kinds.kind import KindServices
from app.worker.kinds.table import kinds_of
from app.worker.run_job import RunJob
from bench.scale.postgres import MeasuredServer
from tests.support.scripted_grader import ScriptedGrader
from tests.support.small_problem import small_problem
from tests.support.submission_jobs import insert_submission

_PROCESSES = 4
_PICKUPS = 100
_JOBS_A_WORKER = 20
_PICKUP_PAUSE_SECONDS = 0.1
_LOOK_SECONDS = 0.05
_PATIENCE_SECONDS = 600.0
_SETTLING_SECONDS = 3.0


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """What so many workers did."""

    workers: int
    jobs_a_second: float
    pickup_ms: list[float]
    connections: int
    postgres_cores: float
    """Cores' worth of processor that PostgreSQL used during the burst."""
    workers_cores: float
    waits: Counter[str]


def measure_steady(server: MeasuredServer, counts: list[int], grading_seconds: float) -> None:
    """Measure and print the rate where each grading takes so long, and computes nothing."""
    print(
        f"{_JOBS_A_WORKER} jobs a worker, each takes {grading_seconds:g} s; {os.cpu_count()} cores, fsync on"
    )
    print(f"{'workers':>8}{'jobs/s':>9}{'% of workers / seconds':>24}{'cores: PostgreSQL':>19}{'workers':>9}")
    for count in counts:
        url, jobs = server.new_database(), count * _JOBS_A_WORKER
        found = asyncio.run(_measure(server, url, count, jobs, grading_seconds=grading_seconds))
        print(
            f"{count:>8}{found.jobs_a_second:>9.1f}"
            f"{100 * found.jobs_a_second * grading_seconds / count:>24.0f}"
            f"{found.postgres_cores:>19.2f}{found.workers_cores:>9.2f}",
            flush=True,
        )


def measure_workers(server: MeasuredServer, counts: list[int], jobs: int) -> None:
    """Measure and print, each count in a database of its own."""
    print(f"{jobs} jobs at once, then {_PICKUPS} one by one; {os.cpu_count()} cores for everything, fsync on")
    print(
        f"{'workers':>8}{'jobs/s':>9}{'pickup p50 ms':>15}{'p95':>8}{'connections':>13}"
        f"{'cores: PostgreSQL':>19}{'workers':>9}   what PostgreSQL's processes waited for"
    )
    statements: list[tuple[Any, ...]] = []
    for count in counts:
        url = server.new_database()
        found = asyncio.run(_measure(server, url, count, jobs))
        quantiles = statistics.quantiles(found.pickup_ms, n=20, method="inclusive")
        total = sum(found.waits.values()) or 1
        waits = ", ".join(f"{name} {100 * n / total:.0f} %" for name, n in found.waits.most_common(4))
        print(
            f"{count:>8}{found.jobs_a_second:>9.0f}{statistics.median(found.pickup_ms):>15.1f}"
            f"{quantiles[18]:>8.1f}{found.connections:>13}{found.postgres_cores:>19.2f}"
            f"{found.workers_cores:>9.2f}   {waits}",
            flush=True,
        )
        statements = _statements(url)
    print(f"\nwhere PostgreSQL spent the time of the last row\n{'calls':>8}{'ms each':>9}{'% of all':>10}")
    whole = sum(row[1] for row in statements) or 1.0
    for query, total_ms, calls in statements[:8]:
        text = " ".join(query.split())[:90]
        print(f"{calls:>8}{total_ms / calls:>9.3f}{100 * total_ms / whole:>10.1f}  {text}")


async def _measure(
    server: MeasuredServer, url: str, count: int, jobs: int, *, grading_seconds: float = 0.0
) -> Counted:
    async with open_database(url) as database:
        problem = await Problems(database, read_problem).publish(small_problem())
        async with database.transaction() as connection:
            user = await users.insert_user(
                connection, email="learner@lab.test", password_hash="", role=Role.LEARNER
            )
        processes, pipes = _start(url, count, grading_seconds)
        try:
            await asyncio.to_thread(lambda: [pipe.recv() for pipe in pipes])
            await asyncio.sleep(_SETTLING_SECONDS)
            _reset_statements(url)
            used = server.processor_seconds(), _used(pipes)
            waits: Counter[str] = Counter()
            start = time.perf_counter()
            _enqueue_burst(url, user.id, problem.version, jobs)
            await _until_done(url, jobs, waits)
            seconds = time.perf_counter() - start
            postgres_cores = (server.processor_seconds() - used[0]) / seconds
            workers_cores = (_used(pipes) - used[1]) / seconds
            connections = _connections(url)
            began = {}
            if not grading_seconds:
                began = await _one_by_one(database, user.id, problem.version)
                await _until_done(url, jobs + _PICKUPS, Counter())
        finally:
            for pipe in pipes:
                pipe.send("stop")
        picked: dict[str, float] = {}
        for pipe in pipes:
            picked.update(pipe.recv())
        for process in processes:
            process.join()
    return Counted(
        workers=count,
        jobs_a_second=jobs / seconds,
        pickup_ms=[1000 * (picked[found] - committed) for found, committed in began.items()],
        connections=connections,
        postgres_cores=postgres_cores,
        workers_cores=workers_cores,
        waits=waits,
    )


def _start(url: str, count: int, grading_seconds: float) -> tuple[list[Any], list[Pipe]]:
    context = multiprocessing.get_context("spawn")
    processes, pipes = [], []
    among = min(_PROCESSES, count)
    for number in range(among):
        ours, theirs = context.Pipe()
        some = count // among + (number < count % among)
        process = context.Process(target=_work, args=(url, some, grading_seconds, theirs))
        process.start()
        processes.append(process)
        pipes.append(ours)
    return processes, pipes


def _used(pipes: list[Pipe]) -> float:
    """Processor seconds of the workers' processes."""
    for pipe in pipes:
        pipe.send("used")
    return float(sum(pipe.recv() for pipe in pipes))


async def _one_by_one(database: Database, user_id: str, version: str) -> dict[str, float]:
    """Return the moment of each commit, on the clock that all processes of this machine share."""
    queue = ProcrastinateQueue(database)
    committed = {}
    for number in range(_PICKUPS):
        submission = Submission(
            id=uuid4().hex,
            user_id=user_id,
            problem_slug="double",
            version=version,
            mode=Mode.RUN,
            code=f"x = {number}",
            status=Status.QUEUED,
            seed=1,
            created_at=datetime.now(UTC),
        )
        ticket = Ticket(submission.id, INTERACTIVE)
        async with database.transaction() as connection:
            code = submission.code + f"\n# {submission.id}"
            await insert_submission(
                connection, msgspec.structs.replace(submission, code=code), priority=ticket.priority
            )
            await queue.enqueue(connection, ticket)
        committed[submission.id] = time.monotonic()
        await asyncio.sleep(_PICKUP_PAUSE_SECONDS)
    return committed


def _enqueue_burst(url: str, user_id: str, version: str, jobs: int) -> None:
    with psycopg.connect(conninfo(url)) as connection:
        connection.execute(
            "INSERT INTO submissions (id, user_id, version, mode, code, seed, created_at) "
            "SELECT md5('b' || i), %s, %s, 'run', 'x', i, now() FROM generate_series(1, %s) AS i",
            [user_id, version, jobs],
        )
        connection.execute(
            "INSERT INTO jobs (id, kind, subject, user_id, priority, status, created_at) "
            "SELECT md5('b' || i), 'submission', md5('b' || i), %s, 10, 'queued', now() "
            "FROM generate_series(1, %s) AS i",
            [user_id, jobs],
        )
        connection.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, priority, queueing_lock, args) "
            "SELECT 'interactive', 'run', 10, md5('b' || i), "
            "jsonb_build_object('job_id', md5('b' || i)) FROM generate_series(1, %s) AS i",
            [jobs],
        )


async def _until_done(url: str, expected: int, waits: Counter[str]) -> None:
    """Look a few times a second, and note what PostgreSQL's processes are at."""
    activity = (
        "SELECT coalesce(wait_event_type || ':' || wait_event, 'running') FROM pg_stat_activity "
        "WHERE state = 'active' AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )
    deadline = time.monotonic() + _PATIENCE_SECONDS
    async with await psycopg.AsyncConnection.connect(conninfo(url), autocommit=True) as connection:
        while time.monotonic() < deadline:
            waits.update(row[0] for row in await (await connection.execute(activity)).fetchall())
            done = await connection.execute("SELECT count(*) FROM jobs WHERE status <> 'done'")
            if (await done.fetchone() or [1])[0] == 0:
                total = await connection.execute("SELECT count(*) FROM submissions")
                if (await total.fetchone() or [0])[0] == expected:
                    return
            await asyncio.sleep(_LOOK_SECONDS)
    raise TimeoutError(f"not done within {_PATIENCE_SECONDS:g} s")


def _connections(url: str) -> int:
    query = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )
    with psycopg.connect(conninfo(url)) as connection:
        return int((connection.execute(query).fetchone() or [0])[0])


def _reset_statements(url: str) -> None:
    with psycopg.connect(conninfo(url), autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        connection.execute("SELECT pg_stat_statements_reset()")


def _statements(url: str) -> list[tuple[Any, ...]]:
    query = (
        "SELECT query, total_exec_time, calls FROM pg_stat_statements JOIN pg_database ON oid = dbid "
        "WHERE datname = current_database() ORDER BY total_exec_time DESC"
    )
    with psycopg.connect(conninfo(url)) as connection:
        return connection.execute(query).fetchall()


class _Noting(ScriptedGrader):
    """Notes when it began with which submission, which stands in the code's last line."""

    def __init__(self, began: dict[str, float], grading_seconds: float) -> None:
        super().__init__()
        self._began = began
        self._grading_seconds = grading_seconds

    async def grade(self, problem: Any, code: str, mode: Mode, **given: Any) -> Any:
        now = time.monotonic()
        self._began[code.rpartition("# ")[2]] = now
        await asyncio.sleep(self._grading_seconds)
        return await super().grade(problem, code, mode, **given)


def _work(url: str, count: int, grading_seconds: float, pipe: Pipe) -> None:
    """So many workers, until told to stop; then tells when each submission was begun."""
    began: dict[str, float] = {}
    asyncio.run(_work_together(url, count, pipe, _Noting(began, grading_seconds)))
    pipe.send(began)


async def _work_together(url: str, count: int, pipe: Pipe, grader: _Noting) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(count):
            await _open_worker(stack, url, grader)
        pipe.send("ready")
        while (word := await asyncio.to_thread(pipe.recv)) != "stop":
            assert word == "used"
            usage = resource.getrusage(resource.RUSAGE_SELF)
            pipe.send(usage.ru_utime + usage.ru_stime)


async def _open_worker(stack: AsyncExitStack, url: str, grader: _Noting) -> None:
    database = Database(url)
    stack.push_async_callback(database.close)
    feed = RelayedFeed(database)
    await stack.enter_async_context(feed.running())
    queue = ProcrastinateQueue(database)
    counts = GradingCounts()
    services = KindServices(
        database=database,
        problems=Problems(database, read_problem),
        queue=queue,
        grader=grader,
        publish=feed.publish,
        counts=counts,
    )
    run = RunJob(database, queue, kinds_of(services), counts)
    await stack.enter_async_context(consuming(queue, run, slots=1, reserved_slots=0, drain_seconds=5))
