"""Queries on the list of problems. They read columns that were filled when a version was published."""

import msgspec
from sqlalchemy import Row, Select, func, select, tuple_

from app.core.problem import ProblemPage, ProblemSummary
from app.errors import ProblemNotFound
from app.store import tables
from app.store.engine.database import Connection

_table = tables.problems
_WORDS_LIMIT = 8


async def page(connection: Connection, *, limit: int, after: str | None, search: str) -> ProblemPage:
    """Return at most `limit` problems on offer by position, those that come after the slug `after`.

    With a `search` only those that have all of its words in position, slug, title, track or summary.

    Raises:
        ProblemNotFound: no problem was ever called `after`.
    """
    query = _on_offer(search).order_by(_table.c.position, _table.c.slug).limit(limit + 1)
    if after is not None:
        found = await connection.execute(select(_table.c.position).where(_table.c.slug == after))
        position = found.scalar_one_or_none()
        if position is None:
            raise ProblemNotFound(f"There is no problem {after!r} after which the list could go on.")
        query = query.where(tuple_(_table.c.position, _table.c.slug) > (position, after))
    rows = (await connection.execute(query)).all()
    shown = tuple(_as_summary(row) for row in rows[:limit])
    return ProblemPage(problems=shown, next=shown[-1].slug if len(rows) > limit else None)


async def count(connection: Connection) -> int:
    """Count the problems on offer."""
    query = select(func.count()).select_from(_table).where(_table.c.listed)
    return int((await connection.execute(query)).scalar_one())


def words_of(summary: ProblemSummary) -> str:
    """Return what a search looks through."""
    texts = (str(summary.position), summary.slug, summary.title, summary.track, summary.summary)
    return " ".join(texts).casefold()


def _on_offer(search: str) -> Select[tuple[object, ...]]:
    query = select(_table).where(_table.c.listed)
    for word in search.casefold().split()[:_WORDS_LIMIT]:
        query = query.where(_table.c.words.contains(word, autoescape=True))
    return query


def _as_summary(row: Row[*tuple[object, ...]]) -> ProblemSummary:
    return ProblemSummary(
        slug=row.slug,
        position=row.position,
        # A version that the code of today cannot read any more has nothing else.
        title=row.title or row.slug,
        track=row.track,
        summary=row.summary,
        requires=msgspec.json.decode(row.requires, type=tuple[str, ...]),
        version=row.version,
    )
