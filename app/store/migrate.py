"""Bringing a database's schema up to date with alembic."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import alembic.command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.pool import NullPool

from app.store.database import is_sqlite, sqlite_path

_SCRIPTS = Path(__file__).resolve().parents[2] / "alembic"
# Any constant will do, as long as nobody else on the same database uses it.
_POSTGRES_LOCK = 0x6A61_7865


def upgrade(url: str, revision: str = "head") -> None:
    """Runs the migrations that are missing; of several processes that start at once, one does it."""
    with _connected(url) as connection:
        if revision == "head" and _current(connection) == head():
            return
        alembic.command.upgrade(_config(connection), revision)


def downgrade(url: str, revision: str) -> None:
    """Takes the schema back to an earlier revision, or to `base`, which is empty."""
    with _connected(url) as connection:
        alembic.command.downgrade(_config(connection), revision)


def current(url: str) -> str | None:
    """The revision that the database is at; None where it has no schema yet."""
    with _connected(url) as connection:
        return _current(connection)


def head() -> str:
    """The newest revision that this code knows."""
    return ScriptDirectory(str(_SCRIPTS)).get_current_head() or ""


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    if is_sqlite(url):
        sqlite_path(url).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(make_url(url), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            if not is_sqlite(url):
                connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _POSTGRES_LOCK})
                connection.commit()
            yield connection
    finally:
        engine.dispose()


def _current(connection: Connection) -> str | None:
    revision = MigrationContext.configure(connection).get_current_revision()
    # Ends the transaction that the look began; the connection, and so the lock, stays.
    connection.rollback()
    return revision


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
