"""Queries on problems, their versions and the files of each. A version is never changed."""

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec
from sqlalchemy import select, update

from app.core.problem import Problem
from app.errors import ProblemError
from app.store import tables
from app.store.database import Connection


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """Which version of a problem is the current one."""

    slug: str
    version: str


async def publish(connection: Connection, problem: Problem, files: Mapping[str, bytes]) -> bool:
    """Makes this version the current one; True if the version is new. Old versions stay.

    Raises:
        ProblemError: another problem has the slug.
    """
    manifest = problem.manifest
    by_slug = select(tables.problems.c.id).where(tables.problems.c.slug == manifest.slug)
    holder = (await connection.execute(by_slug)).scalar_one_or_none()
    if holder not in (None, manifest.id):
        raise ProblemError(
            f"problem.toml: $.slug: {manifest.slug!r} belongs to the problem with the id {holder}"
        )
    values = {
        "slug": manifest.slug,
        "position": manifest.position,
        "version": problem.version,
        "listed": True,
    }
    changed = await connection.execute(
        update(tables.problems).where(tables.problems.c.id == manifest.id).values(values)
    )
    if changed.rowcount == 0:
        await connection.execute(tables.problems.insert().values(id=manifest.id, **values))
    return await _insert_version(connection, problem, files)


async def _insert_version(connection: Connection, problem: Problem, files: Mapping[str, bytes]) -> bool:
    known = select(tables.problem_versions.c.version).where(
        tables.problem_versions.c.version == problem.version
    )
    if (await connection.execute(known)).first() is not None:
        return False
    await connection.execute(
        tables.problem_versions.insert().values(
            version=problem.version, problem_id=problem.manifest.id, published_at=datetime.now(UTC)
        )
    )
    rows = [{"version": problem.version, "path": path, "content": content} for path, content in files.items()]
    await connection.execute(tables.problem_files.insert(), rows)
    return True


async def withdraw_except(connection: Connection, ids: set[str]) -> None:
    """Takes all other problems off the list; their versions and submissions stay."""
    gone = tables.problems.c.id.not_in(ids)
    await connection.execute(update(tables.problems).where(gone).values(listed=False))


async def listings(connection: Connection) -> list[Listing]:
    """The problems on offer, by position."""
    table = tables.problems
    query = (
        select(table.c.slug, table.c.version).where(table.c.listed).order_by(table.c.position, table.c.slug)
    )
    return [Listing(slug=row.slug, version=row.version) for row in await connection.execute(query)]


async def current_version(connection: Connection, slug: str) -> str | None:
    query = select(tables.problems.c.version).where(tables.problems.c.slug == slug, tables.problems.c.listed)
    return (await connection.execute(query)).scalar_one_or_none()


async def files_of(connection: Connection, version: str) -> dict[str, bytes]:
    """The package's files by path; empty where there is no such version."""
    table = tables.problem_files
    query = select(table.c.path, table.c.content).where(table.c.version == version)
    return {row.path: bytes(row.content) for row in await connection.execute(query)}
