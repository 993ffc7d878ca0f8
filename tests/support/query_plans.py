"""How a database would answer the queries that some code makes: by which index, or by reading everything."""

import re
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import msgspec
from psycopg import sql
from sqlalchemy import event, text

from app.store.engine.database import Database


@asynccontextmanager
async def plans_of_selects(database: Database) -> AsyncIterator[list[str]]:
    """Fills the list, at the end of the block, with the plan of each SELECT that was made in it.

    PostgreSQL would read a small table whole, so that is forbidden to it where there is any other way.
    """
    seen: list[tuple[str, Any]] = []

    def remember(connection: Any, cursor: Any, statement: str, parameters: Any, *rest: Any) -> None:
        if statement.lstrip().startswith("SELECT"):
            seen.append((statement, parameters))

    engine = database._engine.sync_engine
    event.listen(engine, "before_cursor_execute", remember)
    plans: list[str] = []
    try:
        yield plans
    finally:
        event.remove(engine, "before_cursor_execute", remember)
    async with database.reading() as connection:
        explain = "EXPLAIN QUERY PLAN"
        if connection.dialect.name == "postgresql":
            explain = "EXPLAIN"
            await connection.execute(text("SET LOCAL enable_seqscan = off"))
        for statement, parameters in seen:
            rows = await connection.exec_driver_sql(f"{explain} {statement}", parameters)
            plans.append("\n".join(" ".join(map(str, row)) for row in rows))


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """What was sent, with the parameters of its first time."""

    sql: str
    parameters: Mapping[str, Any]


@contextmanager
def statements_of(database: Database) -> Iterator[list[Statement]]:
    """Fills the list with every statement that can have a plan, as it is sent in the block."""
    received: list[Statement] = []

    def remember(connection: Any, cursor: Any, statement: str, parameters: Any, *rest: Any) -> None:
        if statement.split(maxsplit=1)[0] in ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH"):
            first = parameters[0] if isinstance(parameters, list) else parameters
            received.append(Statement(sql=statement.strip(), parameters=dict(first or {})))

    engine = database._engine.sync_engine
    event.listen(engine, "before_cursor_execute", remember)
    try:
        yield received
    finally:
        event.remove(engine, "before_cursor_execute", remember)


async def plans_of(
    database: Database, statements: Iterable[Statement], *, generic: bool, without: Iterable[str] = ()
) -> list[dict[str, Any]]:
    """PostgreSQL's plan of each: for its parameters, or `generic` for any, as a prepared statement's is.

    The indexes in `without` are missing meanwhile.
    """
    plans = []
    async with database.reading() as connection:
        for index in without:
            await connection.exec_driver_sql(f"DROP INDEX {index}")
        if generic:
            await connection.exec_driver_sql("SET LOCAL plan_cache_mode = force_generic_plan")
        for number, statement in enumerate(statements):
            names: list[str] = []
            query, arguments = statement.sql, ""
            if generic:
                query, names = _numbered(statement.sql)
                await connection.exec_driver_sql(f"PREPARE plan_{number} AS {query}")
                values = [sql.Literal(statement.parameters[name]).as_string(None) for name in names]
                arguments = f"({', '.join(values)})".replace("%", "%%") if values else ""
                query = f"EXECUTE plan_{number}{arguments}"
            parameters = None if generic else statement.parameters
            found = await connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {query}", parameters)
            plans.append(found.scalar_one()[0]["Plan"])
            if generic:
                await connection.exec_driver_sql(f"DEALLOCATE plan_{number}")
    return plans


def _numbered(statement: str) -> tuple[str, list[str]]:
    """With `$1` in place of `%(name)s`, and the names in that order."""
    names: list[str] = []

    def number(found: re.Match[str]) -> str:
        if found[1] not in names:
            names.append(found[1])
        return f"${names.index(found[1]) + 1}"

    return re.sub(r"%\((\w+)\)s", number, statement), names
