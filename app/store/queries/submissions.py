"""Queries on submissions. A verdict is written once, by the attempt that holds the fencing token."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import FromClause, Row, Select, case, distinct, func, literal_column, select, update

from app.core.outcome import Outcome
from app.core.submission import Progress, Status, Submission, SubmissionLine
from app.core.verdict import Mode, Verdict
from app.store import tables
from app.store.engine.database import Connection

_table, _versions, _problems = tables.submissions, tables.problem_versions, tables.problems
# A literal, not a parameter: the small index of those that are not done serves only what says so itself.
_NOT_DONE = _table.c.status != literal_column(f"'{Status.DONE}'")
_RUNNING = _NOT_DONE & (_table.c.status == Status.RUNNING.value)
_QUEUED = _NOT_DONE & (_table.c.status == Status.QUEUED.value)
_SOLVING = (_table.c.mode == Mode.SUBMIT.value) & (_table.c.outcome == Outcome.ACCEPTED.value)
_LINE = ("id", "mode", "status", "outcome", "score", "created_at")


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """What the queue needs to know of a submission that has no verdict yet."""

    id: str
    priority: int


async def insert_submission(connection: Connection, submission: Submission, *, priority: int) -> None:
    await connection.execute(
        _table.insert().values(
            id=submission.id,
            user_id=submission.user_id,
            version=submission.version,
            mode=submission.mode.value,
            code=submission.code,
            status=submission.status.value,
            priority=priority,
            attempt=submission.attempt,
            seed=submission.seed,
            created_at=submission.created_at,
        )
    )


async def submission_by_id(connection: Connection, submission_id: str) -> Submission | None:
    row = (await connection.execute(_select().where(_table.c.id == submission_id))).one_or_none()
    return None if row is None else _as_submission(row)


async def verdicts_of(connection: Connection, submission_ids: Collection[str]) -> dict[str, Verdict]:
    """Of those that have one."""
    query = select(_table.c.id, _table.c.verdict).where(
        _table.c.id.in_(submission_ids), _table.c.verdict.is_not(None)
    )
    return {row.id: msgspec.json.decode(row.verdict, type=Verdict) for row in await connection.execute(query)}


async def submissions_of(
    connection: Connection, user_id: str, slug: str, *, limit: int
) -> list[SubmissionLine]:
    """The user's submissions to one problem, newest first, whatever version they were to."""
    # Verdicts are large, and lie apart from their rows: only one that is older than its column is read.
    unscored = case((_table.c.score.is_(None), _table.c.verdict)).label("unscored")
    query = (
        _of_problem(select(*(_table.c[name] for name in _LINE), unscored), user_id, slug)
        .order_by(_table.c.created_at.desc(), _table.c.id)
        .limit(limit)
    )
    return [_as_line(row) for row in await connection.execute(query)]


async def latest_code(connection: Connection, user_id: str, slug: str) -> str | None:
    """What the user sent in to a problem last; None where that is nothing."""
    query = _of_problem(select(_table.c.code), user_id, slug)
    query = query.order_by(_table.c.created_at.desc(), _table.c.id).limit(1)
    code: str | None = (await connection.execute(query)).scalar_one_or_none()
    return code


async def progress_of(connection: Connection, user_id: str, slugs: Collection[str]) -> dict[str, Progress]:
    """The user's standing with these problems by slug, over every submission there is; no entry where there
    is none."""
    # Problem by problem, so that neither all versions nor all of the user's submissions are read.
    solved = (
        select(func.max(case((_SOLVING, 1), else_=0)))
        .select_from(_table.join(_versions, _versions.c.version == _table.c.version))
        .where(_versions.c.problem_id == _problems.c.id, _table.c.user_id == user_id)
        .correlate(_problems)
        .scalar_subquery()
    )
    query = select(_problems.c.slug, solved.label("solved")).where(_problems.c.slug.in_(slugs))
    return {
        row.slug: Progress.SOLVED if row.solved else Progress.TRIED
        for row in await connection.execute(query)
        if row.solved is not None
    }


async def count_solved(connection: Connection, user_id: str) -> int:
    """How many of the problems on offer the user has solved."""
    problem = (
        select(_problems.c.id)
        .select_from(_versions.join(_problems, _problems.c.id == _versions.c.problem_id))
        .where(_versions.c.version == _table.c.version, _problems.c.listed)
        .correlate(_table)
        .scalar_subquery()
    )
    query = select(func.count(distinct(problem))).where(_table.c.user_id == user_id, _SOLVING)
    return int((await connection.execute(query)).scalar_one())


async def count_waiting(connection: Connection, *, at_least: int, user_id: str | None = None) -> int:
    """How many of that priority are queued, in all or of one user."""
    query = select(func.count()).select_from(_table).where(_QUEUED, _table.c.priority >= at_least)
    if user_id is not None:
        query = query.where(_table.c.user_id == user_id)
    return int((await connection.execute(query)).scalar_one())


async def queue_positions(connection: Connection, submission_ids: Collection[str]) -> dict[str, int]:
    """How many are ahead of each of these; none of those that are not queued."""
    asked = select(func.min(_table.c.priority)).where(_table.c.id.in_(submission_ids)).scalar_subquery()
    order = (_table.c.priority.desc(), _table.c.created_at, _table.c.id)
    place = (func.row_number().over(order_by=order) - 1).label("place")
    waiting = select(_table.c.id, place).where(_QUEUED, _table.c.priority >= asked).subquery()
    query = select(waiting).where(waiting.c.id.in_(submission_ids))
    return {row.id: row.place for row in await connection.execute(query)}


async def priority_of(connection: Connection, submission_id: str) -> int:
    return int(
        (await connection.execute(select(_table.c.priority).where(_table.c.id == submission_id))).scalar_one()
    )


async def unfinished(connection: Connection) -> list[Waiting]:
    """All without a verdict, oldest first: what the queue is rebuilt from at start."""
    query = select(_table.c.id, _table.c.priority).where(_NOT_DONE).order_by(_table.c.created_at, _table.c.id)
    return [Waiting(id=row.id, priority=row.priority) for row in await connection.execute(query)]


async def requeue_all_running(connection: Connection) -> None:
    """At the start of the only worker: whatever still says `running` died with the last one."""
    change = update(_table).where(_RUNNING).values(status=Status.QUEUED.value, failures=_table.c.failures + 1)
    await connection.execute(change)


async def claim(connection: Connection, submission_id: str) -> Submission | None:
    """Takes the submission for one more attempt; None where it has its verdict already.

    The new `attempt` is the fencing token: an older attempt can write nothing any more. One that still says
    `running` died, and counts as a failure.
    """
    died = case((_RUNNING, 1), else_=0)
    change = (
        update(_table)
        .where(_table.c.id == submission_id, _NOT_DONE)
        .values(status=Status.RUNNING.value, attempt=_table.c.attempt + 1, failures=_table.c.failures + died)
    )
    if (await connection.execute(change)).rowcount != 1:
        return None
    return await submission_by_id(connection, submission_id)


async def give_back(connection: Connection, submission: Submission, *, failed: bool) -> bool:
    """Queued again: the attempt has `failed` through our fault, or its worker stops; False if it is stale."""
    change = (
        update(_table)
        .where(_held(submission))
        .values(status=Status.QUEUED.value, failures=_table.c.failures + int(failed))
    )
    return (await connection.execute(change)).rowcount == 1


async def finish(connection: Connection, submission: Submission, verdict: Verdict) -> bool:
    """Writes the verdict of this attempt; False, and nothing written, if another one came first."""
    return await _write_verdict(connection, _held(submission), verdict)


async def finish_whatever_attempt(connection: Connection, submission_id: str, verdict: Verdict) -> bool:
    """Writes a verdict, such as `cancelled`, that overtakes any attempt; False if there is one already."""
    return await _write_verdict(connection, (_table.c.id == submission_id) & _NOT_DONE, verdict)


async def _write_verdict(connection: Connection, condition: Any, verdict: Verdict) -> bool:
    # The one that was graded with, whoever drew it: a regrade repeats it.
    seed = {} if verdict.fresh_seed is None else {"seed": verdict.fresh_seed}
    change = (
        update(_table)
        .where(condition)
        .values(
            status=Status.DONE.value,
            finished_at=datetime.now(UTC),
            outcome=verdict.outcome.value,
            score=verdict.score,
            verdict=msgspec.json.encode(verdict).decode(),
            **seed,
        )
    )
    return (await connection.execute(change)).rowcount == 1


def _held(submission: Submission) -> Any:
    return (_table.c.id == submission.id) & (_table.c.attempt == submission.attempt) & _NOT_DONE


def _joined() -> FromClause:
    """Submissions with their problems."""
    return _table.join(_versions, _versions.c.version == _table.c.version).join(
        _problems, _problems.c.id == _versions.c.problem_id
    )


def _of_problem(query: Select[Any], user_id: str, slug: str) -> Select[Any]:
    return query.select_from(_joined()).where(_table.c.user_id == user_id, _problems.c.slug == slug)


def _select() -> Select[Any]:
    return select(_table, _problems.c.slug).select_from(_joined())


def _as_submission(row: Row[Any]) -> Submission:
    return Submission(
        id=row.id,
        user_id=row.user_id,
        problem_slug=row.slug,
        version=row.version,
        mode=Mode(row.mode),
        code=row.code,
        status=Status(row.status),
        attempt=row.attempt,
        failures=row.failures,
        seed=row.seed,
        created_at=row.created_at,
        finished_at=row.finished_at,
        verdict=None if row.verdict is None else msgspec.json.decode(row.verdict, type=Verdict),
    )


def _as_line(row: Row[Any]) -> SubmissionLine:
    score = row.score
    if row.unscored is not None:
        score = msgspec.json.decode(row.unscored, type=Verdict).score
    return SubmissionLine(
        id=row.id,
        mode=Mode(row.mode),
        status=Status(row.status),
        outcome=None if row.outcome is None else Outcome(row.outcome),
        score=score,
        created_at=row.created_at,
    )
