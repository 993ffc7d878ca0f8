"""What is taken away after a time: printed output, and drafts that were only run; and rows that are added.

All go through the ended submissions in the order in which they ended, by the index on it, a batch a
transaction, and remember how far they came: what was looked at once is not looked at each hour again.
"""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, bindparam, delete, exists, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from app.core.verdict import Mode, Verdict
from app.store import tables
from app.store.engine.database import Connection
from app.store.queries.verdicts import add_first_rows

_table, _chores = tables.submissions, tables.chores
_clusters, _members = tables.unexplained_clusters, tables.unexplained_members
_verdicts = tables.verdicts
_OUTPUTS, _RUNS = "remove outputs", "delete runs"
_LATER_OUTPUTS, _ROWS = "remove later outputs", "verdict rows"
# Any constant will do, as long as nobody else on the same database uses it.
_POSTGRES_LOCK = 0x6A61_7868


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """The last submission that was looked at; several may have ended at the same moment."""

    finished_at: datetime
    id: str


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """What one transaction did; `place` is None where nothing old enough is left."""

    changed: int
    place: Place | None


async def is_ours_to_do(connection: Connection) -> bool:
    """Say whether nobody else is at it: true for one transaction of all on the same PostgreSQL database.

    On SQLite a transaction has the database to itself anyway.
    """
    if connection.dialect.name == "sqlite":
        return True
    query = text("SELECT pg_try_advisory_xact_lock(:key)")
    return bool((await connection.execute(query, {"key": _POSTGRES_LOCK})).scalar_one())


async def remove_outputs(
    connection: Connection, *, before: datetime, kept_days: int, after: Place | None, limit: int
) -> Batch:
    """Empty what the next `limit` submissions printed, of those that ended before `before`.

    Of their first verdicts, each of which says so by `output_kept_days`. `after` is where the batch before
    came to.
    """
    columns = (_table.c.id, _table.c.finished_at, _table.c.verdict)
    query = select(*columns).where(_table.c.verdict.is_not(None))
    rows = (await connection.execute(await _next(connection, _OUTPUTS, query, before, after, limit))).all()
    emptied = [
        {"of_id": row.id, "bare": bare} for row in rows if (bare := _without_output(row.verdict, kept_days))
    ]
    if emptied:
        change = update(_table).where(_table.c.id == bindparam("of_id")).values(verdict=bindparam("bare"))
        await connection.execute(change, emptied)
    place = Place(finished_at=rows[-1].finished_at, id=rows[-1].id) if rows else None
    await _remember(connection, _OUTPUTS, place)
    return Batch(changed=len(emptied), place=place)


async def remove_later_outputs(
    connection: Connection, *, before: datetime, kept_days: int, after: Place | None, limit: int
) -> Batch:
    """Do the same with the next `limit` verdicts after first ones, of those from before `before`."""
    moment = _verdicts.c.created_at
    columns = (_verdicts.c.submission_id.label("id"), _verdicts.c.number, moment, _verdicts.c.verdict)
    query = await _next(
        connection,
        _LATER_OUTPUTS,
        select(*columns).where(_verdicts.c.verdict.is_not(None)),
        before,
        after,
        limit,
        order=(moment, _verdicts.c.submission_id),
    )
    rows = (await connection.execute(query)).all()
    emptied = [
        {"of_id": row.id, "of_number": row.number, "bare": bare}
        for row in rows
        if (bare := _without_output(row.verdict, kept_days))
    ]
    if emptied:
        mine = (_verdicts.c.submission_id == bindparam("of_id")) & (
            _verdicts.c.number == bindparam("of_number")
        )
        await connection.execute(update(_verdicts).where(mine).values(verdict=bindparam("bare")), emptied)
    place = Place(finished_at=rows[-1].created_at, id=rows[-1].id) if rows else None
    await _remember(connection, _LATER_OUTPUTS, place)
    return Batch(changed=len(emptied), place=place)


async def add_verdict_rows(
    connection: Connection, *, before: datetime, after: Place | None, limit: int
) -> Batch:
    """Add the rows that first verdicts of the next `limit` submissions lack, as older code wrote none."""
    query = select(_table.c.id, _table.c.finished_at)
    rows = (await connection.execute(await _next(connection, _ROWS, query, before, after, limit))).all()
    added = await add_first_rows(connection, [row.id for row in rows]) if rows else 0
    place = Place(finished_at=rows[-1].finished_at, id=rows[-1].id) if rows else None
    await _remember(connection, _ROWS, place)
    return Batch(changed=added, place=place)


async def delete_runs(connection: Connection, *, before: datetime, after: Place | None, limit: int) -> Batch:
    """Delete those of the next `limit` submissions that were only run, and what is counted of them."""
    query = select(_table.c.id, _table.c.finished_at, _table.c.mode)
    rows = (await connection.execute(await _next(connection, _RUNS, query, before, after, limit))).all()
    drafts = [row.id for row in rows if row.mode == Mode.RUN.value]
    if drafts:
        members = select(_members.c.cluster_id).where(_members.c.submission_id.in_(drafts)).distinct()
        clusters = list((await connection.execute(members)).scalars())
        # Its members in clusters go with it.
        await connection.execute(delete(_table).where(_table.c.id.in_(drafts)))
        if clusters:
            has_members = exists().where(_members.c.cluster_id == _clusters.c.id)
            await connection.execute(delete(_clusters).where(_clusters.c.id.in_(clusters), ~has_members))
    place = Place(finished_at=rows[-1].finished_at, id=rows[-1].id) if rows else None
    await _remember(connection, _RUNS, place)
    return Batch(changed=len(drafts), place=place)


def _without_output(text: str, kept_days: int) -> str | None:
    """Return the verdict without what was printed; None where nothing was."""
    verdict = msgspec.json.decode(text, type=Verdict)
    if not (verdict.stdout or verdict.stderr):
        return None
    bare = msgspec.structs.replace(verdict, stdout="", stderr="", output_kept_days=kept_days)
    return msgspec.json.encode(bare).decode()


async def _next(
    connection: Connection,
    chore: str,
    query: Select[Any],
    before: datetime,
    after: Place | None,
    limit: int,
    *,
    order: tuple[ColumnElement[datetime], ColumnElement[str]] = (_table.c.finished_at, _table.c.id),
) -> Select[Any]:
    """Return the next `limit` rows of `query` in the order in which they ended."""
    ended, name = order
    if after is not None:
        # The first condition is what the index is asked; the second tells those of one moment apart.
        query = query.where(ended >= after.finished_at, tuple_(ended, name) > (after.finished_at, after.id))
    elif (done_until := await _done_until(connection, chore)) is not None:
        query = query.where(ended >= done_until)
    return query.where(ended < before).order_by(ended, name).limit(limit)


async def _done_until(connection: Connection, chore: str) -> datetime | None:
    found = await connection.execute(select(_chores.c.done_until).where(_chores.c.name == chore))
    return found.scalar_one_or_none()


async def _remember(connection: Connection, chore: str, place: Place | None) -> None:
    if place is None:
        return
    insert = sqlite_insert if connection.dialect.name == "sqlite" else postgres_insert
    values = {"done_until": place.finished_at}
    await connection.execute(
        insert(_chores)
        .values(name=chore, **values)
        .on_conflict_do_update(index_elements=["name"], set_=values)
    )
