"""Where PostgreSQL itself is the limit: submissions a second on their way through the queue, without Python.

pgbench sends what page, queue and worker send for one submission, with code and verdict as large as real:
taken in with its job, fetched, claimed, its live events written, its verdict stored, its job ended. Eight
commits, as in `app/jobs` and `app/worker`; pages, hearts and idle workers come on top. Nobody listens.
"""

import os
import resource
import subprocess
import tempfile
import time
from typing import LiteralString

import psycopg

from app.core.problem import Problem
from app.store.engine.url import conninfo
from bench.graded_problem import position_46
from bench.scale.fill import fill, settle
from bench.scale.pages import NEW
from bench.scale.postgres import MeasuredServer
from tests.support.postgres import _program

_SECONDS = 12
_VERDICT_BYTES = 5000
_CASES = 15
_FILLED = 50_000
_WIDTH = 21
_DONE: LiteralString = "SELECT count(*) FROM jobs WHERE status = 'done'"
_ONE_SUBMISSION = """
\\set number random(1, 9000000000000000)
SELECT md5(:client_id || '-' || :number) AS sid \\gset
BEGIN;
SELECT count(*) FROM jobs WHERE status = 'queued' AND status <> 'done' AND priority >= 10;
SELECT count(*) FROM jobs WHERE status = 'queued' AND status <> 'done' AND priority >= 10
    AND user_id = :user_id;
INSERT INTO submissions (id, user_id, version, mode, code, seed, created_at)
    VALUES (:sid, :user_id, :version, 'submit', :code, :number, clock_timestamp());
INSERT INTO jobs (id, kind, subject, user_id, priority, status, created_at)
    VALUES (:sid, 'submission', :sid, :user_id, 10, 'queued', clock_timestamp())
    ON CONFLICT (kind, subject) WHERE status <> 'done' DO NOTHING;
SAVEPOINT job;
SELECT unnest(procrastinate_defer_jobs_v1(ARRAY[ROW('interactive', 'run', 10, NULL, :sid,
    jsonb_build_object('job_id', :sid::text), NULL)]::procrastinate_job_to_defer_v1[]));
RELEASE SAVEPOINT job;
COMMIT;
SELECT coalesce(id, 0) AS job, coalesce(args->>'job_id', '-') AS taken
    FROM procrastinate_fetch_job_v2(ARRAY['interactive', 'bulk'], :worker_id) \\gset
BEGIN;
UPDATE jobs SET status = 'running', attempt = attempt + 1, started_at = clock_timestamp(), progress = NULL,
    failures = failures + CASE WHEN status = 'running' THEN 1 ELSE 0 END
    WHERE id = :taken AND status <> 'done';
SELECT submissions.*, problems.slug FROM submissions JOIN problem_versions USING (version)
    JOIN problems ON problems.id = problem_versions.problem_id LEFT JOIN jobs ON jobs.id = submissions.id
    LEFT JOIN verdicts ON verdicts.submission_id = submissions.id
        AND verdicts.number = submissions.current_verdict
    WHERE submissions.id = :taken;
COMMIT;
BEGIN;
SET LOCAL synchronous_commit = off;
INSERT INTO submission_events (submission_id, event) VALUES (:taken, '{"event":"running","cases":[]}');
SELECT pg_notify('jaxercise_events', :taken);
COMMIT;
BEGIN;
SET LOCAL synchronous_commit = off;
INSERT INTO submission_events (submission_id, event)
    SELECT :taken, repeat('c', 340) FROM generate_series(1, :cases);
SELECT pg_notify('jaxercise_events', :taken);
COMMIT;
BEGIN;
UPDATE jobs SET status = 'done', ending = 'finished', finished_at = clock_timestamp(), result = NULL
    WHERE id = :taken AND attempt = 1 AND status <> 'done';
UPDATE submissions SET finished_at = clock_timestamp(), outcome = 'accepted', score = 1.0, seed = :number,
    verdict = :verdict WHERE id = :taken AND verdict IS NULL;
INSERT INTO verdicts (submission_id, number, version, why, created_at, outcome, score)
    SELECT id, 1, version, 'graded', finished_at, outcome, score FROM submissions WHERE id = :taken;
COMMIT;
BEGIN;
SET LOCAL synchronous_commit = off;
SELECT pg_notify('jaxercise_events', :taken || '!');
COMMIT;
DELETE FROM procrastinate_jobs WHERE id = :job AND worker_id = :worker_id AND status = 'doing';
"""


def measure_database(server: MeasuredServer, url: str, counts: list[int]) -> None:
    """Measure and print, so many connections at once.

    `url` is a database that a service has filled with its problems and one learner.
    """
    problem = position_46()
    # A small table is read whole, which tells nothing of one with some use.
    fill(url, submissions=_FILLED)
    print(f"one submission after the other by so many connections, {_SECONDS} s each; {os.cpu_count()} cores")
    titles = ("connections", "submissions/s", "cores: PostgreSQL", "pgbench", "ms of PostgreSQL each")
    print(" ".join(f"{title:>{_WIDTH}}" for title in titles))
    for count in counts:
        rate, postgres_cores, client_cores = _run(server, url, count, problem)
        figures = (
            f"{rate:.0f}",
            f"{postgres_cores:.2f}",
            f"{client_cores:.2f}",
            f"{1000 * postgres_cores / rate:.2f}",
        )
        print(" ".join(f"{figure:>{_WIDTH}}" for figure in (count, *figures)), flush=True)


def _run(server: MeasuredServer, url: str, count: int, problem: Problem) -> tuple[float, float, float]:
    """Submissions a second, and how many cores PostgreSQL and pgbench used for them."""
    settle(url)
    with psycopg.connect(conninfo(url), autocommit=True) as connection:
        connection.execute("DELETE FROM procrastinate_jobs")
        connection.execute("TRUNCATE submission_events")
        settings = {
            "user_id": _one(connection, "SELECT id FROM users WHERE email = %s", NEW),
            "version": _one(connection, "SELECT version FROM problems WHERE slug = %s", problem.slug),
            "worker_id": _one(connection, "SELECT worker_id FROM procrastinate_register_worker_v1()"),
            "code": problem.reference,
            "verdict": _varied(_VERDICT_BYTES),
            "cases": _CASES,
        }
        with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
            script.write(_ONE_SUBMISSION)
            script.flush()
            command = [_program("pgbench"), "-n", "-M", "prepared", "-c", str(count), "-j", "1"]
            command += ["-T", str(_SECONDS), "-f", script.name]
            command += [part for name, value in settings.items() for part in ("-D", f"{name}={value}")]
            done = int(_one(connection, _DONE))
            used, client, start = server.processor_seconds(), _of_children(), time.perf_counter()
            subprocess.run([*command, conninfo(url)], check=True, capture_output=True, text=True)
            seconds = time.perf_counter() - start
            client_cores = (_of_children() - client) / seconds
            postgres_cores = (server.processor_seconds() - used) / seconds
            done = int(_one(connection, _DONE)) - done
    return done / seconds, postgres_cores, client_cores


def _one(connection: psycopg.Connection[tuple[object, ...]], query: LiteralString, *values: str) -> str:
    row = connection.execute(query, values).fetchone()
    assert row is not None
    return str(row[0])


def _of_children() -> float:
    """Processor seconds of all programs that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _varied(size: int) -> str:
    """Text that compresses about as a verdict does."""
    return "".join(
        f'{{"case":"number {number}","error":{number * 0.137:.9f}}},' for number in range(size // 40)
    )
