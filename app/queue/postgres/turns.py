"""Who is next among those that learners wait for: the law of `app/queue/interface.py` in PostgreSQL's words.

Of what has no row among our jobs, or was asked for by no account, each is a lane of its own. The embedded
queue has the same in `app/queue/embedded/turns.py`.
"""

from collections.abc import Collection
from typing import Any

from procrastinate.connector import BaseConnector
from procrastinate.jobs import Job
from sqlalchemy import text

from app.core.job import CONFIRMING, INTERACTIVE
from app.store.engine.database import Connection

# `nth` counts rounds: of an account inside its lane, then of the lane among all. Turns and jobs are looked up
# one by one: joined plainly, all that there are would be read for each job that is handed out.
_IN_TURN = """
    in_accounts AS (
        SELECT waiting.*,
            row_number() OVER (PARTITION BY lane, account ORDER BY created_at, id) AS nth,
            coalesce(
                (SELECT taken_at FROM turns WHERE taker = waiting.account),
                min(created_at) OVER (PARTITION BY lane, account)
            ) AS since
        FROM waiting
    ), in_lanes AS (
        SELECT in_accounts.id, lane, account,
            (SELECT taken_at FROM turns WHERE taker = in_accounts.lane) AS taken_at,
            row_number() OVER (PARTITION BY lane ORDER BY nth, since, account) AS nth,
            min(created_at) OVER (PARTITION BY lane) AS since
        FROM in_accounts
    ), in_turn AS (
        SELECT id, lane, account,
            row_number() OVER (ORDER BY nth, taken_at NULLS FIRST, since, lane) AS place
        FROM in_lanes
    )
"""
_POSITIONS = f"""
    WITH waiting AS (
        SELECT id, created_at, coalesce(user_id, id) AS account, coalesce(network, user_id, id) AS lane
        FROM jobs WHERE status <> 'done' AND status = 'queued' AND priority >= {INTERACTIVE}
    ), {_IN_TURN}
    SELECT id, place - 1 AS place FROM in_turn WHERE id = ANY(:job_ids)
"""  # noqa: S608 - our own words
_HAND_OUT = """
    UPDATE procrastinate_jobs AS entry SET status = 'doing', worker_id = %(worker_id)s
    FROM taken WHERE entry.id = taken.id
    RETURNING entry.id, status, task_name, priority, lock, queueing_lock, args, scheduled_at, queue_name,
        attempts, worker_id
"""
# Of several workers that look at the same moment each takes the next that nobody has locked, and all write
# down turns in one order, so that none waits for another in a circle.
_TAKE = f"""
    WITH waiting AS (
        SELECT entry.id, coalesce(jobs.created_at, now()) AS created_at,
            coalesce(jobs.user_id, entry.queueing_lock, entry.id::text) AS account,
            coalesce(jobs.network, jobs.user_id, entry.queueing_lock, entry.id::text) AS lane
        FROM procrastinate_jobs AS entry
        LEFT JOIN LATERAL (
            SELECT created_at, user_id, network FROM jobs WHERE jobs.id = entry.queueing_lock LIMIT 1
        ) AS jobs ON true
        WHERE entry.status = 'todo' AND entry.priority >= {INTERACTIVE}
            AND entry.queue_name = ANY(%(queues)s::varchar[])
            AND (entry.scheduled_at IS NULL OR entry.scheduled_at <= now())
    ), {_IN_TURN}, taken AS (
        SELECT entry.id, in_turn.account, in_turn.lane FROM procrastinate_jobs AS entry
        JOIN in_turn ON in_turn.id = entry.id
        WHERE entry.status = 'todo'
        ORDER BY in_turn.place LIMIT 1 FOR UPDATE OF entry SKIP LOCKED
    ), had_turns AS (
        INSERT INTO turns (taker, taken_at)
        SELECT taker, now() FROM (SELECT account AS taker FROM taken UNION SELECT lane FROM taken) AS takers
        ORDER BY taker
        ON CONFLICT (taker) DO UPDATE SET taken_at = excluded.taken_at
    )
    {_HAND_OUT}
"""  # noqa: S608 - our own words
_TAKE_CONFIRMING = f"""
    WITH taken AS (
        SELECT id FROM procrastinate_jobs
        WHERE status = 'todo' AND priority >= {CONFIRMING} AND priority < {INTERACTIVE}
            AND queue_name = ANY(%(queues)s::varchar[])
            AND (scheduled_at IS NULL OR scheduled_at <= now())
        ORDER BY priority DESC, id LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    {_HAND_OUT}
"""  # noqa: S608 - our own words


async def take(connector: BaseConnector, queues: Collection[str], worker_id: int) -> Job | None:
    """Have this worker do the job that is next; None where no learner waits."""
    return await _hand_out(_TAKE, connector, queues, worker_id)


async def take_confirming(connector: BaseConnector, queues: Collection[str], worker_id: int) -> Job | None:
    """Have this worker do what is to confirm something; None where none of that waits in these queues."""
    return await _hand_out(_TAKE_CONFIRMING, connector, queues, worker_id)


async def _hand_out(
    query: str, connector: BaseConnector, queues: Collection[str], worker_id: int
) -> Job | None:
    rows = await connector.execute_query_all_async(query, queues=list(queues), worker_id=worker_id)
    return Job.from_row(rows[0]) if rows else None


async def forget_old(connection: Connection, *, kept_seconds: float) -> None:
    """Forget the turns that were had so long ago: those who had them are among the next by now anyway."""
    query = "DELETE FROM turns WHERE taken_at < now() - make_interval(secs => :kept_seconds)"
    await connection.execute(text(query), {"kept_seconds": kept_seconds})


async def positions(connection: Connection, job_ids: Collection[str]) -> dict[str, int]:
    """Return how many learners' jobs are ahead of each of these; none of those that no learner waits for."""
    values: dict[str, Any] = {"job_ids": list(job_ids)}
    return {row.id: row.place for row in await connection.execute(text(_POSITIONS), values)}
