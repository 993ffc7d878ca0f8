"""How a database would answer the queries that some code makes: by which index, or by reading everything."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import event, text

from app.store.database import Database


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
