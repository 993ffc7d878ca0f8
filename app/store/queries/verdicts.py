"""The law of verdicts: each is written once and never changed, one of a submission's is current.

- **First.** The submission's job ends with it. Its text lies with the submission, all else in its row here.
- **Later.** One that is explained, confirmed, regraded or taken back is a row of its own, with the next
  number. It is written on top of the verdict that it was made from, and void if another one has come first.
- **Whose it is.** The law of jobs decides (`jobs.py`): the transaction that ends a job by the attempt that
  holds it writes the verdict, so a stale attempt writes none.
- **Current.** The last one; the submission's outcome and score are its own.
- **Retention.** What a submission printed goes from each verdict's text after a time, and nothing else does.

A first verdict that an older release wrote has no row until `add_first_rows` has come by; whoever reads
takes it for what it is.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import FromClause, Select, and_, case, func, literal, null, select, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from app.core.outcome import Outcome
from app.core.verdict import Verdict, VerdictLine, VerdictReason
from app.store import tables
from app.store.engine.database import Connection

_table, _submissions = tables.verdicts, tables.submissions
_COLUMNS = ("submission_id", "number", "version", "why", "by_user_id", "created_at", "outcome", "score")

number_of_current = func.coalesce(_submissions.c.current_verdict, 1)
"""Of a submission that has a verdict."""
text_of_current = func.coalesce(_table.c.verdict, _submissions.c.verdict)
"""Of a submission, joined with `with_current`; null while it has none."""


class NumberedVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict, and where it stands among those of its submission: 1 for the first."""

    number: int
    verdict: Verdict


def with_current(submissions: FromClause) -> FromClause:
    """Join submissions with the row of their current verdict, where its text does not lie with them."""
    return submissions.join(
        _table,
        and_(_table.c.submission_id == _submissions.c.id, _table.c.number == _submissions.c.current_verdict),
        isouter=True,
    )


async def write_first(
    connection: Connection, submission_id: str, verdict: Verdict, *, by: str | None = None
) -> bool:
    """Write the verdict that a submission ends with; False, and nothing written, if there is one already.

    `by` is the account that ended it, where one did.
    """
    now = datetime.now(UTC)
    # The one that was graded with, whoever drew it: a regrade repeats it.
    seed = {} if verdict.fresh_seed is None else {"seed": verdict.fresh_seed}
    change = (
        update(_submissions)
        .where(_submissions.c.id == submission_id, _submissions.c.verdict.is_(None))
        .values(
            finished_at=now,
            outcome=verdict.outcome.value,
            score=verdict.score,
            verdict=msgspec.json.encode(verdict).decode(),
            **seed,
        )
    )
    if (await connection.execute(change)).rowcount != 1:
        return False
    line = _line(submission_id, 1, verdict, VerdictReason.GRADED, by, now)
    await connection.execute(_table.insert().values(**line))
    return True


async def write_next(
    connection: Connection,
    submission_id: str,
    verdict: Verdict,
    why: VerdictReason,
    *,
    after: int,
    by: str | None = None,
) -> bool:
    """Make this the current verdict; False, and nothing written, if that is not `after` any more.

    `after` is the number of the one that it was made from, `by` the account that asked for it.
    """
    change = (
        update(_submissions)
        .where(
            _submissions.c.id == submission_id,
            _submissions.c.finished_at.is_not(None),
            number_of_current == after,
        )
        .values(current_verdict=after + 1, outcome=verdict.outcome.value, score=verdict.score)
    )
    await add_first_rows(connection, [submission_id])
    # Locks the submission until the end of the transaction, so that no two get the same number.
    if (await connection.execute(change)).rowcount != 1:
        return False
    line = _line(submission_id, after + 1, verdict, why, by, datetime.now(UTC))
    await connection.execute(_table.insert().values(**line, verdict=msgspec.json.encode(verdict).decode()))
    return True


async def current_of(connection: Connection, submission_ids: Collection[str]) -> dict[str, Verdict]:
    """Return the current verdicts of these submissions by id, of those that have one."""
    query = (
        select(_submissions.c.id, text_of_current.label("text"))
        .select_from(with_current(_submissions))
        .where(_submissions.c.id.in_(submission_ids), _submissions.c.verdict.is_not(None))
    )
    return {row.id: msgspec.json.decode(row.text, type=Verdict) for row in await connection.execute(query)}


async def later_verdicts(
    connection: Connection, known: Mapping[str, int]
) -> dict[str, NumberedVerdict | None]:
    """Return the current verdicts that are later than those `known` by number, 0 for none, by submission.

    None stands for a submission that is gone. Of those without news only their numbers are read.
    """
    # Whether it is finished, which lies in the row itself; its verdict may be far from it.
    number = case((_submissions.c.finished_at.is_(None), 0), else_=number_of_current).label("number")
    query = select(_submissions.c.id, number).where(_submissions.c.id.in_(known))
    numbers: dict[str, int] = {row.id: row.number for row in await connection.execute(query)}
    news = [submission_id for submission_id, number in numbers.items() if number > known[submission_id]]
    verdicts = await current_of(connection, news) if news else {}
    found: dict[str, NumberedVerdict | None] = dict.fromkeys(known.keys() - numbers.keys())
    for submission_id, verdict in verdicts.items():
        found[submission_id] = NumberedVerdict(number=numbers[submission_id], verdict=verdict)
    return found


async def lines_of(connection: Connection, submission_id: str) -> list[VerdictLine]:
    """Return all verdicts of a submission in the order in which they came about."""
    mine = select(*(_table.c[name] for name in _COLUMNS)).where(_table.c.submission_id == submission_id)
    rows = (await connection.execute(mine.order_by(_table.c.number))).all()
    if not rows:
        rows = (await connection.execute(_first_rows([submission_id]))).all()
    return [
        VerdictLine(
            number=row.number,
            version=row.version,
            why=VerdictReason(row.why),
            by=row.by_user_id,
            created_at=row.created_at,
            outcome=Outcome(row.outcome),
            score=row.score,
            current=row is rows[-1],
        )
        for row in rows
    ]


async def verdict_of(connection: Connection, submission_id: str, number: int) -> Verdict | None:
    """Return what that verdict of the submission says; None where there is none of that number."""
    query = select(_submissions.c.verdict) if number == 1 else select(_table.c.verdict)
    one = (
        _submissions.c.id == submission_id
        if number == 1
        else (_table.c.submission_id == submission_id) & (_table.c.number == number)
    )
    found: str | None = (await connection.execute(query.where(one))).scalar_one_or_none()
    return None if found is None else msgspec.json.decode(found, type=Verdict)


async def add_first_rows(connection: Connection, submission_ids: Sequence[str]) -> int:
    """Add the rows that first verdicts of an older release lack, of these submissions; return how many."""
    insert = sqlite_insert if connection.dialect.name == "sqlite" else postgres_insert
    change = insert(_table).from_select(list(_COLUMNS), _first_rows(submission_ids)).on_conflict_do_nothing()
    return (await connection.execute(change)).rowcount


def _first_rows(submission_ids: Collection[str]) -> Select[Any]:
    """Select what the rows of these submissions' only verdicts say, from the submissions themselves."""
    return select(
        _submissions.c.id.label("submission_id"),
        literal(1).label("number"),
        _submissions.c.version,
        literal(VerdictReason.GRADED.value).label("why"),
        null().label("by_user_id"),
        _submissions.c.finished_at.label("created_at"),
        _submissions.c.outcome,
        _submissions.c.score,
    ).where(
        _submissions.c.id.in_(submission_ids),
        _submissions.c.verdict.is_not(None),
        _submissions.c.current_verdict.is_(None),
    )


def _line(
    submission_id: str,
    number: int,
    verdict: Verdict,
    why: VerdictReason,
    by: str | None,
    created_at: datetime,
) -> dict[str, Any]:
    return {
        "submission_id": submission_id,
        "number": number,
        "version": verdict.version,
        "why": why.value,
        "by_user_id": by,
        "created_at": created_at,
        "outcome": verdict.outcome.value,
        "score": verdict.score,
    }
