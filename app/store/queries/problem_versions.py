"""Queries on problems, their versions and the files of each. A version is never changed."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from app.core.problem import Problem, ProblemSummary
from app.errors import SlugTaken
from app.store import tables
from app.store.engine.database import Connection
from app.store.queries.problem_list import words_of

_problems, _versions, _files = tables.problems, tables.problem_versions, tables.problem_files
_AT_ONCE = 500
# Any constant will do, as long as nobody else on the same database uses it.
_POSTGRES_LOCK = 0x6A61_7869


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """Which version of a problem is the current one, and what that goes by."""

    id: str
    slug: str
    position: int
    requires: tuple[str, ...]
    version: str


async def publish(
    connection: Connection, problem: Problem, files: Mapping[str, bytes], *, rules: str
) -> None:
    """Make this version the current one. Old versions stay; processes may publish the same at once.

    Raises:
        SlugTaken: another problem has it.
    """
    manifest = problem.manifest
    await _publish_alone(connection)
    by_slug = select(_problems.c.id).where(_problems.c.slug == manifest.slug)
    holder = (await connection.execute(by_slug)).scalar_one_or_none()
    if holder not in (None, manifest.id):
        fault = f"problem.toml: slug: {manifest.slug!r} belongs to the problem with the id {holder}"
        raise SlugTaken(fault, slug=manifest.slug)
    values = {
        "slug": manifest.slug,
        "position": manifest.position,
        "version": problem.version,
        "listed": True,
        "rules": rules,
        **_of_a_list(problem),
    }
    insert = _insert(connection)
    await connection.execute(
        insert(_problems)
        .values(id=manifest.id, **values)
        .on_conflict_do_update(index_elements=["id"], set_=values)
    )
    is_new = await connection.execute(
        insert(_versions)
        .values(version=problem.version, problem_id=manifest.id, published_at=datetime.now(UTC))
        .on_conflict_do_nothing()
        .returning(_versions.c.version)
    )
    if is_new.first() is not None:
        rows = [
            {"version": problem.version, "path": path, "content": content} for path, content in files.items()
        ]
        await connection.execute(_files.insert(), rows)


async def give_up_slugs(connection: Connection, ids: Sequence[str]) -> None:
    """Let these problems have none until the same transaction publishes each of them with its own."""
    await _publish_alone(connection)
    for start in range(0, len(ids), _AT_ONCE):
        some = _problems.c.id.in_(ids[start : start + _AT_ONCE])
        # No slug has such a letter.
        await connection.execute(update(_problems).where(some).values(slug="~" + _problems.c.id))


async def _publish_alone(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        # Two rows with one slug and id at once would clash on the slug, which no upsert by id can mend.
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _POSTGRES_LOCK})


async def describe(connection: Connection, problem: Problem) -> None:
    """Fill what a list shows of the problem, where this version is its current one."""
    change = update(_problems).where(_problems.c.version == problem.version).values(**_of_a_list(problem))
    await connection.execute(change)


async def retire_except(connection: Connection, ids: Collection[str]) -> None:
    """Take all other problems off the list; their versions and submissions stay."""
    kept = set(ids)
    await retire(connection, [listing.id for listing in await listings(connection) if listing.id not in kept])


async def retire(connection: Connection, gone: Sequence[str]) -> None:
    """Take these problems off the list; their versions and submissions stay."""
    for start in range(0, len(gone), _AT_ONCE):
        some = _problems.c.id.in_(gone[start : start + _AT_ONCE])
        await connection.execute(update(_problems).where(some).values(listed=False))


async def listings(
    connection: Connection, *, rules: str | None = None, undescribed: bool = False
) -> list[Listing]:
    """Return the problems on offer, by position.

    Only those found readable by these `rules`, or only those of which a list has nothing to show.
    """
    query = (
        select(
            _problems.c.id,
            _problems.c.slug,
            _problems.c.position,
            _problems.c.requires,
            _problems.c.version,
        )
        .where(_problems.c.listed)
        .order_by(_problems.c.position, _problems.c.slug)
    )
    if rules is not None:
        query = query.where(_problems.c.rules == rules)
    if undescribed:
        query = query.where(_problems.c.words == "")
    return [
        Listing(
            id=row.id,
            slug=row.slug,
            position=row.position,
            requires=msgspec.json.decode(row.requires, type=tuple[str, ...]),
            version=row.version,
        )
        for row in await connection.execute(query)
    ]


async def current_version(connection: Connection, slug: str) -> str | None:
    query = select(_problems.c.version).where(_problems.c.slug == slug, _problems.c.listed)
    return (await connection.execute(query)).scalar_one_or_none()


async def is_published(connection: Connection, version: str) -> bool:
    """Say whether this version was ever published."""
    query = select(_versions.c.version).where(_versions.c.version == version)
    return (await connection.execute(query)).first() is not None


async def files_of(connection: Connection, version: str) -> dict[str, bytes]:
    """Return the package's files by path; empty where there is no such version."""
    query = select(_files.c.path, _files.c.content).where(_files.c.version == version)
    return {row.path: bytes(row.content) for row in await connection.execute(query)}


def summary_of(problem: Problem) -> ProblemSummary:
    """Return what a list shows of it."""
    manifest = problem.manifest
    return ProblemSummary(
        slug=manifest.slug,
        position=manifest.position,
        title=manifest.title,
        track=manifest.track,
        summary=manifest.summary,
        requires=manifest.requires,
        version=problem.version,
    )


def _of_a_list(problem: Problem) -> dict[str, str]:
    summary = summary_of(problem)
    return {
        "title": summary.title,
        "track": summary.track,
        "summary": summary.summary,
        "requires": msgspec.json.encode(summary.requires).decode(),
        "words": words_of(summary),
    }


def _insert(connection: Connection) -> Any:
    return sqlite_insert if connection.dialect.name == "sqlite" else postgres_insert
