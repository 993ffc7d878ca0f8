"""Whether a database holds anything that a restore or a move would lose or mix."""

from sqlalchemy import inspect, select

from app.errors import DatabaseRefused
from app.store.engine.database import is_sqlite, sqlite_path
from app.store.engine.migrate import connected
from app.store.engine.url import place_of
from app.store.tables import metadata, schema_floor, workers

OF_THE_PLACE = frozenset({schema_floor.name, workers.name})
"""Tables that tell of a database and of who works on it; their rows mean nothing elsewhere."""


def require_empty(url: str, advice: str) -> None:
    """Return where no table of ours has a row, or there are none yet.

    Raises:
        DatabaseRefused: one has; ends with `advice`.
    """
    if is_sqlite(url) and not sqlite_path(url).exists():
        return
    with connected(url) as connection:
        there = set(inspect(connection).get_table_names()) - OF_THE_PLACE
        for table in metadata.sorted_tables:
            if table.name not in there:
                continue
            column = next(iter(table.primary_key.columns))
            if connection.execute(select(column).limit(1)).first() is not None:
                place = place_of(url)
                raise DatabaseRefused(
                    f"{place[0].upper()}{place[1:]} is not empty: {table.name} has rows. {advice}"
                )
