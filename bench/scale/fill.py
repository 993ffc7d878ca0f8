"""Filling a PostgreSQL with what years of use leave there, by statements that PostgreSQL runs itself."""

import time

import psycopg

from app.store.engine.url import conninfo
from bench.graded_problem import position_46
from bench.scale.rows import verdict_rows

ROWS_A_LEARNER = 200
_BATCH = 50_000
_SESSIONS, _EVENTS, _CLUSTERS, _MEMBERS = 20_000, 50_000, 20_000, 60_000
_SUBMISSION = """
    INSERT INTO submissions (id, user_id, version, mode, code, seed, created_at, finished_at, outcome, score,
        verdict)
    SELECT md5(%(salt)s || i), {user}, chosen.version, kind.mode, code || '# ' || i, i, at,
        at + interval '3 seconds', kind.outcome, kind.score, kind.verdict
    FROM (
        SELECT i, now() - interval '3 years' * (1 - i / %(last)s::float) AS at, {problem} AS problem
        FROM generate_series(%(first)s::bigint, %(to)s::bigint) AS i
    ) AS drawn
    JOIN fill_kinds AS kind ON kind.number = i %% 10
    JOIN fill_versions AS chosen ON chosen.number = problem
    CROSS JOIN fill_code
"""
_JOBS = """
    INSERT INTO jobs (id, kind, subject, user_id, priority, status, attempt, created_at, started_at,
        finished_at, ending)
    SELECT id, 'submission', id, user_id, 10, 'done', 1, created_at, created_at, finished_at, 'finished'
    FROM submissions WHERE finished_at > now() - interval '1 day' * %s ON CONFLICT DO NOTHING
"""
_VERDICTS = """
    INSERT INTO verdicts (submission_id, number, version, why, created_at, outcome, score)
    SELECT id, 1, version, 'graded', finished_at, outcome, score FROM submissions
    WHERE finished_at IS NOT NULL
    ON CONFLICT DO NOTHING
"""
# Some exercises are done by many, most by few.
_DRAWN = "floor(%(problems)s * ((hashint8(i)::bigint & 2147483647) / 2147483648.0) ^ 3)::int"


def fill(url: str, *, submissions: int, job_days: int = 30) -> float:
    """Learners, their graded submissions, and what comes with those; the seconds it took.

    Jobs are there of the last `job_days`.
    """
    start = time.perf_counter()
    learners = max(1, submissions // ROWS_A_LEARNER)
    with psycopg.connect(conninfo(url), autocommit=True) as connection:
        # Of rows that are right by the way they are made nothing need be checked.
        connection.execute("SET session_replication_role = replica; SET synchronous_commit = off")
        problems = _prepare(connection)
        connection.execute(
            "INSERT INTO users SELECT md5('u' || i), 'learner' || i || '@fill.test', 'x', 'learner', now() "
            "FROM generate_series(0, %s) AS i",
            [learners - 1],
        )
        connection.execute(
            "INSERT INTO sessions SELECT md5('k' || i) || md5('l' || i), md5('u' || i %% %s), now(), "
            "now() + interval '20 days' FROM generate_series(1, %s) AS i",
            [learners, _SESSIONS],
        )
        for first in range(0, submissions, _BATCH):
            connection.execute(
                _SUBMISSION.format(user="md5('u' || i * 7919 %% %(learners)s)", problem=_DRAWN),
                {
                    "salt": "s",
                    "first": first,
                    "to": min(first + _BATCH, submissions) - 1,
                    "last": submissions,
                    "learners": learners,
                    "problems": problems,
                },
            )
        connection.execute(_VERDICTS)
        connection.execute(_JOBS, [job_days])
        _fill_unexplained(connection, submissions)
    return time.perf_counter() - start


def fill_learner(url: str, email: str, slug: str, *, of_problem: int, of_others: int) -> None:
    """Graded submissions of one learner: to the problem, and to problems that any database here has."""
    with psycopg.connect(conninfo(url), autocommit=True) as connection:
        _prepare(connection)
        [user_id] = connection.execute("SELECT id FROM users WHERE email = %s", [email]).fetchone() or [None]
        [number] = connection.execute(
            "SELECT number FROM fill_versions JOIN problems USING (version) WHERE slug = %s", [slug]
        ).fetchone() or [None]
        for salt, problem, count in (("p", str(number), of_problem), ("o", "(i %% 50)::int", of_others)):
            values = {
                "salt": salt + email,
                "first": 0,
                "to": count - 1,
                "last": max(1, count),
                "user": user_id,
            }
            if count:
                connection.execute(_SUBMISSION.format(user="%(user)s", problem=problem), values)
        connection.execute(_VERDICTS)


def fill_queue(url: str, *, waiting: int) -> None:
    """So many regrades that wait, each with its job; there are learners already."""
    with psycopg.connect(conninfo(url), autocommit=True) as connection:
        _prepare(connection)
        connection.execute(
            "INSERT INTO submissions (id, user_id, version, mode, code, seed, created_at) "
            "SELECT md5('w' || i), md5('u0'), (SELECT min(version) FROM fill_versions), 'submit', code, i, "
            "now() FROM fill_code, generate_series(1, %s) AS i",
            [waiting],
        )
        connection.execute(
            "INSERT INTO jobs (id, kind, subject, user_id, priority, status, created_at) "
            "SELECT md5('w' || i), 'submission', md5('w' || i), md5('u0'), 0, 'queued', now() "
            "FROM generate_series(1, %s) AS i",
            [waiting],
        )
        connection.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, priority, queueing_lock, args) "
            "SELECT 'bulk', 'run', 0, md5('w' || i), jsonb_build_object('job_id', md5('w' || i)) "
            "FROM generate_series(1, %s) AS i",
            [waiting],
        )


def settle(url: str) -> None:
    """Do what autovacuum has done long before in a database that has grown."""
    with psycopg.connect(conninfo(url), autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")


def _prepare(connection: psycopg.Connection) -> int:
    connection.execute(
        "CREATE TEMP TABLE fill_kinds (number int, mode text, outcome text, score float, verdict text);"
        "CREATE TEMP TABLE fill_code (code text);"
        "CREATE TEMP TABLE fill_versions AS SELECT (row_number() OVER (ORDER BY position DESC) - 1)::int "
        "AS number, version FROM problems WHERE listed"
    )
    kinds = [
        (number, kind.mode.value, kind.outcome.value, kind.score, kind.verdict)
        for number, kind in enumerate(verdict_rows())
    ]
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO fill_kinds VALUES (%s, %s, %s, %s, %s)", kinds)
        cursor.execute("INSERT INTO fill_code VALUES (%s)", [position_46().reference])
        cursor.execute("SELECT count(*) FROM fill_versions")
        [count] = cursor.fetchone() or [0]
    return int(count)


def _fill_unexplained(connection: psycopg.Connection, submissions: int) -> None:
    clusters, members = min(_CLUSTERS, submissions), min(_MEMBERS, submissions)
    connection.execute(
        "INSERT INTO unexplained_clusters SELECT md5('c' || i) || md5('d' || i), version, repeat('a', 64), "
        "i / 100.0, decode(repeat('00', 40), 'hex'), now() FROM generate_series(0, %s) AS i "
        "JOIN fill_versions ON number = i %% (SELECT count(*) FROM fill_versions)",
        [clusters - 1],
    )
    connection.execute(
        "INSERT INTO unexplained_members "
        "SELECT md5('s' || i), md5('c' || i %% %s) || md5('d' || i %% %s), 40 "
        "FROM generate_series(0, %s) AS i",
        [clusters, clusters, members - 1],
    )
    connection.execute(
        "INSERT INTO submission_events (submission_id, event) SELECT md5('s' || i / 15), "
        """'{"event":"case","case":{"name":"shown","visibility":"hidden","outcome":"passed","points":1}}' """
        "FROM generate_series(1, %s) AS i",
        [min(_EVENTS, submissions)],
    )
