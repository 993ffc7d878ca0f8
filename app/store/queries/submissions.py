"""Queries on submissions: what learners sent in; the law of their verdicts is in `verdicts.py`.

Whether one waits or runs is its job's to say, see `jobs.py`; a job that has ended is kept for a time only, so
what has its verdict is done.
"""

from collections.abc import Collection
from typing import Any

import msgspec
from sqlalchemy import FromClause, Row, Select, case, distinct, exists, func, literal_column, select
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from app.core.job import Status
from app.core.outcome import Outcome
from app.core.submission import CONFIRMATION, Progress, Submission, SubmissionLine
from app.core.verdict import Confirmation, Mode, Verdict, VerdictReason
from app.store import tables
from app.store.engine.database import Connection
from app.store.queries.verdicts import number_of_current, text_of_current, with_current

_table, _versions, _problems = tables.submissions, tables.problem_versions, tables.problems
_jobs = tables.jobs
# Literals, not parameters: the small index of these serves only what says so itself.
_SOLVED_ONE = (_table.c.mode == literal_column(f"'{Mode.SUBMIT}'")) & (
    _table.c.outcome == literal_column(f"'{Outcome.ACCEPTED}'")
)
_ACCEPTED = _table.c.outcome == Outcome.ACCEPTED.value
_confirmations = _jobs.alias("confirmations")
_PENDING = (
    exists()
    .where(
        # A literal, as in `jobs.py`: it is the small index of those that are not done which answers this.
        _confirmations.c.status != literal_column(f"'{Status.DONE}'"),
        _confirmations.c.kind == CONFIRMATION,
        _confirmations.c.subject == _table.c.id,
    )
    .correlate(_table)
)
"""A fresh jail has not yet confirmed what a warm one has accepted: a verdict and the job that confirms it are
one commit, and so are the end of that job and what came of it."""
_REFUSED = (
    exists()
    .where(
        tables.verdicts.c.submission_id == _table.c.id,
        tables.verdicts.c.why == VerdictReason.CONFIRMED.value,
        tables.verdicts.c.outcome != Outcome.ACCEPTED.value,
    )
    .correlate(_table)
)
_SOLVING = (_table.c.mode == Mode.SUBMIT.value) & _ACCEPTED & ~_PENDING
_LINE = ("id", "mode", "outcome", "score", "created_at")
_STATUS = case(
    (_table.c.finished_at.is_not(None), literal_column(f"'{Status.DONE}'")),
    else_=func.coalesce(_jobs.c.status, literal_column(f"'{Status.QUEUED}'")),
).label("status")

_CONFIRMATION = case(
    (_ACCEPTED & _PENDING, literal_column(f"'{Confirmation.PENDING}'")),
    (~_ACCEPTED & _REFUSED, literal_column(f"'{Confirmation.REFUSED}'")),
).label("confirmation")


async def insert_submission(connection: Connection, submission: Submission) -> bool:
    """Store what was sent in, before its job in the same transaction; False where its id is there."""
    insert = sqlite_insert if connection.dialect.name == "sqlite" else postgres_insert
    new = (
        insert(_table)
        .values(
            id=submission.id,
            user_id=submission.user_id,
            version=submission.version,
            mode=submission.mode.value,
            code=submission.code,
            seed=submission.seed,
            created_at=submission.created_at,
        )
        .on_conflict_do_nothing(index_elements=["id"])
        # Not every driver counts the rows of an insert.
        .returning(_table.c.id)
    )
    return (await connection.execute(new)).first() is not None


async def submission_by_id(connection: Connection, submission_id: str) -> Submission | None:
    row = (await connection.execute(_select().where(_table.c.id == submission_id))).one_or_none()
    return None if row is None else _as_submission(row)


async def submissions_of(
    connection: Connection, user_id: str, slug: str, *, limit: int
) -> list[SubmissionLine]:
    """Return the user's submissions to one problem, newest first, whatever version they were to."""
    # Verdicts are large, and lie apart from their rows: only one that is older than its column is read.
    unscored = case((_table.c.score.is_(None), _table.c.verdict)).label("unscored")
    query = (
        _of_problem(
            select(*(_table.c[name] for name in _LINE), _STATUS, unscored, _CONFIRMATION), user_id, slug
        )
        .order_by(_table.c.created_at.desc(), _table.c.id)
        .limit(limit)
    )
    return [_as_line(row) for row in await connection.execute(query)]


async def latest_code(connection: Connection, user_id: str, slug: str) -> str | None:
    """Return what the user sent in to a problem last; None where that is nothing."""
    query = _of_problem(select(_table.c.code), user_id, slug)
    query = query.order_by(_table.c.created_at.desc(), _table.c.id).limit(1)
    code: str | None = (await connection.execute(query)).scalar_one_or_none()
    return code


async def progress_of(connection: Connection, user_id: str, slugs: Collection[str]) -> dict[str, Progress]:
    """Return how far the user is with these problems by slug, over every submission there is.

    There is no entry where nothing was sent in.
    """
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
    """Count the problems on offer that the user has solved."""
    problem = (
        select(_problems.c.id)
        .select_from(_versions.join(_problems, _problems.c.id == _versions.c.problem_id))
        .where(_versions.c.version == _table.c.version, _problems.c.listed)
        .correlate(_table)
        .scalar_subquery()
    )
    query = select(func.count(distinct(problem))).where(_table.c.user_id == user_id, _SOLVING)
    return int((await connection.execute(query)).scalar_one())


async def has_solved_something(connection: Connection, user_id: str) -> bool:
    """Say whether any submission of the user's was accepted for good, to whatever problem.

    One that a fresh jail has still to confirm does not count.
    """
    query = select(_table.c.id).where(_table.c.user_id == user_id, _SOLVED_ONE, ~_PENDING).limit(1)
    return (await connection.execute(query)).first() is not None


def _joined() -> FromClause:
    """Return submissions with their problems and their jobs, where those are still there."""
    return (
        _table.join(_versions, _versions.c.version == _table.c.version)
        .join(_problems, _problems.c.id == _versions.c.problem_id)
        .join(_jobs, _jobs.c.id == _table.c.id, isouter=True)
    )


def _of_problem(query: Select[Any], user_id: str, slug: str) -> Select[Any]:
    return query.select_from(_joined()).where(_table.c.user_id == user_id, _problems.c.slug == slug)


def _select() -> Select[Any]:
    return select(
        *(column for column in _table.c if column is not _table.c.verdict),
        _problems.c.slug,
        _STATUS,
        func.coalesce(_jobs.c.attempt, 0).label("attempts"),
        text_of_current.label("current"),
        number_of_current.label("current_number"),
    ).select_from(with_current(_joined()))


def _as_submission(row: Row[Any]) -> Submission:
    return Submission(
        id=row.id,
        user_id=row.user_id,
        problem_slug=row.slug,
        version=row.version,
        mode=Mode(row.mode),
        code=row.code,
        status=Status(row.status),
        seed=row.seed,
        created_at=row.created_at,
        finished_at=row.finished_at,
        verdict=None if row.current is None else msgspec.json.decode(row.current, type=Verdict),
        verdict_number=0 if row.current is None else row.current_number,
        attempts=row.attempts,
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
        confirmation=None if row.confirmation is None else Confirmation(row.confirmation),
    )
