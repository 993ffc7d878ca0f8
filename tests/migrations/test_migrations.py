"""The schema that the migrations make is the one that the code expects, on both databases."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect

from app.errors import DatabaseRefused, DatabaseUnavailable
from app.store.engine import migrate
from app.store.tables import metadata, postgresql_metadata
from tests.migrations.filled import RELEASE_BEFORE, all_rows, fill, leave_traces
from tests.migrations.made_up import more_scripts
from tests.support.checkout import CHECKOUT
from tests.support.postgres import PostgresServer


def differences(url: str, expected: sa.MetaData = metadata) -> list[object]:
    options = {"compare_type": True, "include_name": _is_ours}
    with connected(url) as connection:
        compared = [expected] if connection.dialect.name == "sqlite" else [expected, postgresql_metadata]
        context = MigrationContext.configure(connection, opts=options)
        return list(compare_metadata(context, _together(compared)))


def _is_ours(name: str | None, kind: str, parents: object) -> bool:
    """Procrastinate looks after its own tables."""
    return kind != "table" or not str(name).startswith("procrastinate_")


def _together(compared: list[sa.MetaData]) -> sa.MetaData:
    together = sa.MetaData()
    for tables in compared:
        for table in tables.sorted_tables:
            table.to_metadata(together)
    return together


@contextmanager
def connected(url: str) -> Iterator[sa.Connection]:
    """A connection that leaves nothing open behind it."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def test_a_fresh_database_gets_the_schema_of_the_models(url: str) -> None:
    """Running every migration ends with exactly the tables that the code uses."""
    migrate.upgrade(url)
    assert differences(url) == []
    assert migrate.current(url) == migrate.head()


def test_constraints_and_indexes_have_the_models_names(url: str) -> None:
    """What `compare_metadata` overlooks: primary keys, checks and foreign keys by name."""
    migrate.upgrade(url)
    with connected(url) as connection:
        found = inspect(connection)
        for table in metadata.sorted_tables:
            assert found.get_pk_constraint(table.name)["name"] == f"pk_{table.name}"
            checks = {check["name"] for check in found.get_check_constraints(table.name)}
            assert checks == {c.name for c in table.constraints if isinstance(c, sa.CheckConstraint)}
            foreign = {
                (key["name"], key["options"].get("ondelete")) for key in found.get_foreign_keys(table.name)
            }
            assert foreign == {(key.name, key.ondelete) for key in table.foreign_key_constraints}


def test_a_missing_table_is_noticed(url: str) -> None:
    """The comparison above can fail."""
    migrate.upgrade(url)
    larger = sa.MetaData()
    for table in metadata.sorted_tables:
        table.to_metadata(larger)
    sa.Table("forgotten", larger, sa.Column("id", sa.Integer, primary_key=True))
    assert len(differences(url, larger)) == 1


def test_down_leaves_nothing_and_up_again_works(url: str) -> None:
    """Every migration can be taken back."""
    migrate.upgrade(url)
    migrate.downgrade(url, "base")
    with connected(url) as connection:
        assert set(inspect(connection).get_table_names()) <= {"alembic_version"}
        if connection.dialect.name == "postgresql":
            left = "SELECT count(*) FROM pg_proc WHERE proname LIKE 'procrastinate%'"
            assert connection.execute(sa.text(left)).scalar_one() == 0
    assert migrate.current(url) is None
    migrate.upgrade(url)
    assert differences(url) == []


def test_upgrading_twice_changes_nothing(url: str) -> None:
    migrate.upgrade(url)
    migrate.upgrade(url)
    assert migrate.current(url) == migrate.head()


@pytest.mark.postgresql
def test_processes_that_start_together_migrate_once(postgres: PostgresServer) -> None:
    """Several API processes may start at the same moment; the second waits for the first."""
    url = postgres.new_database()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(migrate.upgrade, [url] * 4))
    assert differences(url) == []


def test_migrations_keep_the_rows_up_and_down_and_up(url: str) -> None:
    """A thousand submissions are the same afterwards, whatever the revisions since the last release add."""
    before, newest = RELEASE_BEFORE, migrate.head()
    migrate.upgrade(url, before)
    with connected(url) as connection:
        fill(connection, submissions=1000)
        columns = [column["name"] for column in inspect(connection).get_columns("submissions")]
        first = all_rows(connection, columns)
    for step in (migrate.upgrade, migrate.downgrade, migrate.upgrade):
        step(url, before if step is migrate.downgrade else newest)
        with connected(url) as connection:
            assert all_rows(connection, columns) == first
            connection.rollback()
            if migrate.current(url) == newest:
                leave_traces(connection)
    assert differences(url) == []


def test_a_migration_that_is_cut_off_changes_nothing(url: str, tmp_path: Path) -> None:
    """Killed in the middle, on SQLite too: the next attempt starts from where the last one started."""
    scripts = more_scripts(tmp_path, "op.create_table('half', sa.Column('id', sa.Integer)); 1 / 0")
    migrate.upgrade(url)
    with pytest.raises(ZeroDivisionError):
        migrate.upgrade(url, scripts=scripts)
    assert migrate.current(url) == migrate.head()
    assert differences(url) == []


def test_tables_of_another_program_are_left_alone(url: str) -> None:
    """One sentence, and not a traceback at the first name that is taken."""
    migrate.upgrade(url)
    with connected(url) as connection:
        connection.execute(sa.text("DROP TABLE alembic_version"))
        connection.commit()
    with pytest.raises(DatabaseRefused, match="a database of its own"):
        migrate.upgrade(url)


def test_two_processes_that_start_on_one_new_sqlite_file_migrate_once(tmp_path: Path) -> None:
    """The second waits for the first."""
    url = f"sqlite:///{tmp_path / 'test.db'}"
    start = "import sys; from app.store.engine import migrate; input(); migrate.upgrade(sys.argv[1])"
    both = [
        subprocess.Popen([sys.executable, "-c", start, url], cwd=CHECKOUT, stdin=subprocess.PIPE)
        for _ in range(2)
    ]
    for process in both:
        assert process.stdin is not None
        process.stdin.write(b"\n")
        process.stdin.close()
    assert [process.wait(60) for process in both] == [0, 0]
    assert differences(url) == []


@pytest.mark.postgresql
def test_a_table_that_somebody_keeps_locked_is_not_waited_for_long(
    postgres: PostgresServer,
) -> None:
    """Whoever came after the migration would have to wait as well; it can be run again."""
    url = postgres.new_database()
    before = f"{int(migrate.head()) - 1:04d}"
    migrate.upgrade(url, before)
    with connected(url) as connection:
        # Whichever of the two a migration is about.
        connection.execute(sa.text("SELECT count(*) FROM submissions, jobs"))
        with pytest.raises(DatabaseUnavailable, match="lock timeout"):
            migrate.upgrade(url, lock_seconds=0.05)
    assert migrate.current(url) == before
    migrate.upgrade(url)
