"""The law of jobs, the same for every kind, in short queries; nobody else writes to their table.

- **Asked for.** A job is a row from the moment that somebody is told it was taken in. It is `queued`, then
  `running`, then `done`, which is final. Of one kind and subject one job at most is not done.
- **Limits.** Of learners' jobs so many may wait in all, and so many of one account; `app/queue/admission.py`.
- **Order.** The higher priority goes first, then the older job; where learners wait they take turns, by
  account or by `network`, and what confirms has one now and then: `app/queue/interface.py` has the law.
- **Network.** Of an account that has solved nothing yet, as it was when the job was asked for. All that the
  account has waiting has that of its latest job, and no job has one any more that has ended.
- **Claim.** Whoever takes a job raises its `attempt`, which is the fencing token: an older attempt can write
  nothing any more, no progress and no result. A job that still says `running` died, and counts as a failure.
- **Give back.** An attempt that ends without a result leaves the job queued: it has failed through our fault,
  or its worker stops, or the machine was too busy for its run: neither of these is a failure, the latter once
  a job. After `ATTEMPTS` failures a worker gives the job up.
- **Finish.** The attempt that holds the token writes the end, once, in one transaction with the result. A
  cancel overtakes whatever attempt there is; a result that comes after it is void.
- **Retention.** Jobs that have ended go after a time; what came of them lies with their subject, or goes too.

What a queue holds is only who is next; it is rebuilt from these rows.
"""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Row, case, delete, distinct, func, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from app.core.job import INTERACTIVE, Ending, Job, JobReport, Status
from app.store import tables
from app.store.engine.database import Connection

_table = tables.jobs
# A literal, not a parameter: the small index of those that are not done serves only what says so itself.
_NOT_DONE = _table.c.status != literal_column(f"'{Status.DONE}'")
_RUNNING = _NOT_DONE & (_table.c.status == Status.RUNNING.value)
_QUEUED = _NOT_DONE & (_table.c.status == Status.QUEUED.value)
_JOB = [_table.c[name] for name in Job.__struct_fields__]


class WaitingCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many jobs are queued of a priority or a higher one."""

    in_all: int
    of_account: int
    accounts_of_network: int
    """The accounts that have any there; 0 where no network was asked about."""


async def insert_job(connection: Connection, job: Job) -> Job:
    """Store a job that is asked for; return it, or the one about the same subject that is not done yet."""
    insert = sqlite_insert if connection.dialect.name == "sqlite" else postgres_insert
    values = {name: getattr(job, name) for name in Job.__struct_fields__}
    new = (
        insert(_table)
        .values({**values, "status": job.status.value})
        .on_conflict_do_nothing(index_elements=["kind", "subject"], index_where=_NOT_DONE)
        .returning(_table.c.id)
    )
    await _move_to_network(connection, job)
    while (await connection.execute(new)).first() is None:
        same = (_table.c.kind == job.kind) & (_table.c.subject == job.subject)
        found = (await connection.execute(select(*_JOB).where(same, _NOT_DONE))).one_or_none()
        # None where it has just ended.
        if found is not None:
            return _as_job(found)
    return job


async def report_of(connection: Connection, job_id: str) -> JobReport | None:
    """Return how far the job is and what came of it; None where there is none, or no longer."""
    columns = [_table.c[name] for name in JobReport.__struct_fields__]
    row = (await connection.execute(select(*columns).where(_table.c.id == job_id))).one_or_none()
    if row is None:
        return None
    return JobReport(
        status=Status(row.status),
        attempt=row.attempt,
        ending=None if row.ending is None else Ending(row.ending),
        progress=row.progress,
        result=row.result,
    )


async def count_waiting(
    connection: Connection, *, at_least: int, user_id: str | None = None, network: str | None = None
) -> WaitingCounts:
    """Count the queued jobs of that priority, those of one account, and the accounts of one network."""
    of_account = case((_table.c.user_id == user_id, 1))
    accounts_there = case((_table.c.network == network, _table.c.user_id))
    query = select(
        func.count().label("in_all"),
        func.count(of_account).label("of_account"),
        func.count(distinct(accounts_there)).label("accounts_of_network"),
    ).where(_QUEUED, _table.c.priority >= at_least)
    row = (await connection.execute(query)).one()
    return WaitingCounts(
        in_all=row.in_all, of_account=row.of_account, accounts_of_network=row.accounts_of_network
    )


async def queue_positions(connection: Connection, job_ids: Collection[str]) -> dict[str, int]:
    """Return how many are ahead of each of these; none of those that are not queued.

    Not by turns: of what learners wait for the queue knows more.
    """
    asked = select(func.min(_table.c.priority)).where(_table.c.id.in_(job_ids)).scalar_subquery()
    order = (_table.c.priority.desc(), _table.c.created_at, _table.c.id)
    place = (func.row_number().over(order_by=order) - 1).label("place")
    waiting = select(_table.c.id, place).where(_QUEUED, _table.c.priority >= asked).subquery()
    query = select(waiting).where(waiting.c.id.in_(job_ids))
    return {row.id: row.place for row in await connection.execute(query)}


async def unfinished(connection: Connection) -> list[Job]:
    """Return all that are not done, oldest first: what the queue is rebuilt from at start."""
    query = select(*_JOB).where(_NOT_DONE).order_by(_table.c.created_at, _table.c.id)
    return [_as_job(row) for row in await connection.execute(query)]


async def queued_since(connection: Connection, since: datetime, priorities: Collection[int]) -> list[Job]:
    """Return the queued jobs of these priorities that were asked for since then, oldest first."""
    query = (
        select(*_JOB)
        .where(_QUEUED, _table.c.priority.in_(priorities), _table.c.created_at >= since)
        .order_by(_table.c.created_at, _table.c.id)
    )
    return [_as_job(row) for row in await connection.execute(query)]


async def ended_of(connection: Connection, job_ids: Collection[str]) -> set[str]:
    """Return those of these that are done, or gone."""
    if not job_ids:
        return set()
    query = select(_table.c.id).where(_table.c.id.in_(job_ids), _NOT_DONE)
    return set(job_ids) - set((await connection.execute(query)).scalars())


async def requeue_all_running(connection: Connection) -> None:
    """Queue what still says `running`, at the start of the only worker: it died with the last one."""
    change = update(_table).where(_RUNNING).values(status=Status.QUEUED.value, failures=_table.c.failures + 1)
    await connection.execute(change)


async def claim(connection: Connection, job_id: str) -> Job | None:
    """Take the job for one more attempt; return None where it is done already, or gone."""
    died = case((_RUNNING, 1), else_=0)
    change = (
        update(_table)
        .where(_table.c.id == job_id, _NOT_DONE)
        .values(
            status=Status.RUNNING.value,
            attempt=_table.c.attempt + 1,
            failures=_table.c.failures + died,
            started_at=datetime.now(UTC),
            progress=None,
        )
        .returning(*_JOB)
    )
    row = (await connection.execute(change)).one_or_none()
    return None if row is None else _as_job(row)


async def write_progress(connection: Connection, job: Job, progress: str) -> bool:
    """Write what this attempt has reported so far, as JSON; False, and nothing written, if it is stale."""
    change = update(_table).where(_held(job)).values(progress=progress)
    return (await connection.execute(change)).rowcount == 1


async def give_back(connection: Connection, job: Job, *, failed: bool) -> bool:
    """Queue it again: the attempt has `failed` through our fault, or its worker stops; False if stale."""
    change = (
        update(_table)
        .where(_held(job))
        .values(status=Status.QUEUED.value, failures=_table.c.failures + int(failed))
    )
    return (await connection.execute(change)).rowcount == 1


async def finish(
    connection: Connection, job: Job, ending: Ending = Ending.FINISHED, *, result: str | None = None
) -> bool:
    """End the job by this attempt; False, and nothing written, if another one came first."""
    return await _end(connection, _held(job), ending, result)


async def overtake(connection: Connection, job_id: str, ending: Ending) -> bool:
    """End the job whatever attempt runs, as a cancel does; False if it is done already."""
    return await _end(connection, (_table.c.id == job_id) & _NOT_DONE, ending, None)


async def was_ended_by(connection: Connection, job: Job) -> bool:
    """Say whether this very attempt has ended the job: the answer to its commit may have been lost."""
    mine = (_table.c.id == job.id) & (_table.c.attempt == job.attempt)
    ending = (await connection.execute(select(_table.c.ending).where(mine))).scalar_one_or_none()
    return ending in (Ending.FINISHED, Ending.FAILED)


async def delete_ended(connection: Connection, *, before: datetime, limit: int) -> int:
    """Delete at most `limit` jobs that ended before then; return how many."""
    old = select(_table.c.id).where(_table.c.finished_at < before).order_by(_table.c.finished_at).limit(limit)
    # By their names: of a query inside the other PostgreSQL may make a join that reads every job.
    ids = list((await connection.execute(old)).scalars())
    if ids:
        await connection.execute(delete(_table).where(_table.c.id.in_(ids)))
    return len(ids)


async def _end(connection: Connection, condition: Any, ending: Ending, result: str | None) -> bool:
    change = (
        update(_table)
        .where(condition)
        .values(
            status=Status.DONE.value,
            ending=ending.value,
            finished_at=datetime.now(UTC),
            result=result,
            network=None,
        )
    )
    return (await connection.execute(change)).rowcount == 1


def _held(job: Job) -> Any:
    return (_table.c.id == job.id) & (_table.c.attempt == job.attempt) & _NOT_DONE


def _as_job(row: Row[Any]) -> Job:
    return Job(
        id=row.id,
        kind=row.kind,
        subject=row.subject,
        user_id=row.user_id,
        priority=row.priority,
        created_at=row.created_at,
        network=row.network,
        status=Status(row.status),
        attempt=row.attempt,
        failures=row.failures,
    )


async def _move_to_network(connection: Connection, job: Job) -> None:
    """Give what the account has waiting the network of this latest: else that might pass an earlier one."""
    if job.user_id is None or job.priority < INTERACTIVE:
        return
    elsewhere = _table.c.network.is_distinct_from(job.network)
    change = update(_table).where(
        _table.c.user_id == job.user_id, _QUEUED, _table.c.priority >= INTERACTIVE, elsewhere
    )
    await connection.execute(change.values(network=job.network))
