"""Bringing a database's schema up to date with alembic, and which code still works on it.

Every revision says which code that is, and the database keeps the highest. So code that is older than the
schema can tell whether it may go on, without knowing the newer revisions.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import alembic.command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, delete, event, inspect, select, text
from sqlalchemy.pool import NullPool

from app.core.paths import path_of
from app.errors import DatabaseRefused, SchemaTooNew
from app.store.engine.database import POSTGRES_ARGUMENTS, is_sqlite, make_folder_of, sqlite_path
from app.store.engine.locked_file import PATIENCE_SECONDS, await_turn
from app.store.engine.unavailable import translating
from app.store.engine.url import parsed_url, place_of
from app.store.tables import metadata, schema_floor

SCRIPTS = path_of("migrations")
"""The migrations of this code; tests hand over those of another."""
# Any constant will do, as long as nobody else on the same database uses it.
_POSTGRES_LOCK = 0x6A61_7865
_LOCK_SECONDS = 10.0
"""A table that a long query reads cannot be changed; who comes after the change would wait as well."""


def upgrade(
    url: str, revision: str = "head", *, scripts: Path = SCRIPTS, lock_seconds: float = _LOCK_SECONDS
) -> None:
    """Run the migrations that are missing; of several processes that start at once, one does it.

    A schema that is newer than this code stays as it is, where this code still works on it.

    Raises:
        SchemaTooNew: this code does not.
        DatabaseRefused: there are tables of these names, but no schema of ours.
        DatabaseUnavailable: the database cannot be reached or written.
    """
    script = ScriptDirectory(str(scripts))
    with connected(url, lock_seconds=lock_seconds) as connection:
        found = _current(connection)
        if revision == "head" and _is_newer(url, connection, script, found):
            return
        if revision == "head" and found == script.get_current_head() and _has_floor(connection, script):
            return
        if found is None:
            _refuse_strangers(url, connection)
        alembic.command.upgrade(_config(connection, scripts), revision)


def downgrade(url: str, revision: str, *, scripts: Path = SCRIPTS) -> None:
    """Take the schema back to an earlier revision, or to `base`, which is empty."""
    with connected(url) as connection:
        alembic.command.downgrade(_config(connection, scripts), revision)


def current(url: str) -> str | None:
    """Return the revision that the database is at; None where it has no schema yet."""
    if is_sqlite(url) and not sqlite_path(url).exists():
        return None
    with connected(url) as connection:
        return _current(connection)


def head(scripts: Path = SCRIPTS) -> str:
    """Return the newest revision that this code knows."""
    return ScriptDirectory(str(scripts)).get_current_head() or ""


def is_newer(url: str, *, scripts: Path = SCRIPTS) -> bool:
    """Say whether the schema is newer than this code, which works on it all the same.

    Raises:
        SchemaTooNew: it does not.
    """
    if is_sqlite(url) and not sqlite_path(url).exists():
        return False
    with connected(url) as connection:
        return _is_newer(url, connection, ScriptDirectory(str(scripts)), _current(connection))


def knows(revision: str, *, scripts: Path = SCRIPTS) -> bool:
    """Say whether this code has the migration that leads to this revision."""
    return _knows(ScriptDirectory(str(scripts)), revision)


@contextmanager
def connected(url: str, *, lock_seconds: float = _LOCK_SECONDS) -> Iterator[Connection]:
    """Connect so that only one process at a time may change the schema, all of it or nothing.

    Raises:
        DatabaseUnavailable: it cannot be reached or used, or another process keeps it locked.
    """
    if is_sqlite(url):
        make_folder_of(sqlite_path(url))
        await_turn(sqlite_path(url))
    engine = _sqlite_engine(url) if is_sqlite(url) else _postgres_engine(url)
    try:
        with translating(place_of(url)), engine.connect() as connection:
            if not is_sqlite(url):
                connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _POSTGRES_LOCK})
                connection.execute(text(f"SET lock_timeout = {round(lock_seconds * 1000)}"))
                connection.commit()
            yield connection
    finally:
        engine.dispose()


def floor_of(script: ScriptDirectory, revision: str | None) -> str | None:
    """Return the highest OLDEST_CODE of the revisions up to this one; where one names none, it is its own."""
    if revision is None:
        return None
    applied = script.iterate_revisions(revision, "base")
    return max(str(getattr(one.module, "OLDEST_CODE", one.revision)) for one in applied)


def noted_floor(connection: Connection) -> str | None:
    """Return what the database itself says; None where it says nothing."""
    if not inspect(connection).has_table(schema_floor.name):
        return None
    found: str | None = connection.execute(select(schema_floor.c.revision)).scalar_one_or_none()
    return found


def note_floor(connection: Connection, script: ScriptDirectory, revision: str | None) -> None:
    """Write down the floor of the schema, which is at this revision; at the end of every migration."""
    floor = floor_of(script, revision)
    if floor is None or not inspect(connection).has_table(schema_floor.name):
        return
    connection.execute(delete(schema_floor))
    connection.execute(schema_floor.insert().values(id=1, revision=floor))


def _sqlite_engine(url: str) -> Any:
    engine = create_engine(parsed_url(url), poolclass=NullPool, connect_args={"timeout": PATIENCE_SECONDS})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, record: object) -> None:
        # The driver would otherwise begin transactions by its own rules, and not for changes of the schema.
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _postgres_engine(url: str) -> Any:
    return create_engine(parsed_url(url), poolclass=NullPool, connect_args=POSTGRES_ARGUMENTS)


def _current(connection: Connection) -> str | None:
    revision = MigrationContext.configure(connection).get_current_revision()
    # Ends the transaction that the look began; the connection, and so the lock, stays.
    connection.rollback()
    return revision


def _knows(script: ScriptDirectory, revision: str) -> bool:
    return any(one.revision == revision for one in script.walk_revisions())


def _is_newer(url: str, connection: Connection, script: ScriptDirectory, found: str | None) -> bool:
    if found is None or _knows(script, found):
        return False
    floor = noted_floor(connection) or found
    connection.rollback()
    # Revisions are numbers of four digits, one after the other.
    newest = script.get_current_head() or ""
    if newest < floor:
        raise SchemaTooNew(
            f"The schema of {place_of(url)} is at revision {found}, which needs a Jaxercise that knows "
            f"revision {floor}; this one knows {newest}: install a newer one."
        )
    return True


def _has_floor(connection: Connection, script: ScriptDirectory) -> bool:
    noted = noted_floor(connection)
    connection.rollback()
    return noted == floor_of(script, script.get_current_head())


def _refuse_strangers(url: str, connection: Connection) -> None:
    # Both looks in one transaction: another process may just have made the schema.
    strangers = sorted(set(inspect(connection).get_table_names()) & set(metadata.tables))
    is_ours = MigrationContext.configure(connection).get_current_revision() is not None
    connection.rollback()
    if strangers and not is_ours:
        raise DatabaseRefused(
            f"In {place_of(url)} there is a table {strangers[0]} but no schema of Jaxercise's: "
            "give it a database of its own."
        )


def _config(connection: Connection, scripts: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
