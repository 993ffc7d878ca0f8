"""Backups, restores and moves, on SQLite and on PostgreSQL: all of it or nothing, and never mixed."""

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.cli import db
from app.errors import DatabaseInUse, DatabaseRefused, DatabaseUnavailable
from app.store.engine import migrate
from app.store.engine.database import Database, is_sqlite, sqlite_path
from app.store.maintenance import backup as backup_database
from app.store.maintenance import backup_postgresql
from app.store.maintenance.move import MOVED_TABLES, move
from app.store.tables import metadata
from tests.migrations.made_up import NEXT, more_scripts
from tests.support.filled_database import connected, contents, filled, statuses
from tests.support.postgres import PostgresServer
from tests.support.scripted_service import scripted_service, until

pytestmark = pytest.mark.anyio


_QUEUED_AGAIN = {"done": 360, "queued": 90}


class Databases:
    """Makes new, empty databases of one kind."""

    def __init__(self, folder: Path, server: PostgresServer | None) -> None:
        self._folder = folder
        self._server = server
        self._made = 0

    def new(self) -> str:
        self._made += 1
        if self._server is not None:
            return self._server.new_database()
        return f"sqlite:///{self._folder / f'{self._made}.db'}"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def databases(request: pytest.FixtureRequest, tmp_path: Path) -> Databases:
    on_server = request.param == "postgresql"
    return Databases(tmp_path, request.getfixturevalue("postgres") if on_server else None)


@contextmanager
def in_use(url: str) -> Iterator[None]:
    """As a service uses it."""
    if is_sqlite(url):
        holder = "import fcntl, sys; f = open(sys.argv[1], 'w'); fcntl.flock(f, 2); print(); sys.stdin.read()"
        lock = f"{sqlite_path(url)}.lock"
        command = [sys.executable, "-c", holder, lock]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            yield
            process.kill()
    else:
        with connected(url) as connection:
            connection.execute(sa.text("SELECT 1"))
            yield


async def test_a_backup_holds_everything(databases: Databases, tmp_path: Path) -> None:
    """Put into another database, it is the same to the last row; it is for its owner's eyes only."""
    source, target, file = filled(databases.new()), databases.new(), tmp_path / "all.backup"
    made = backup_database.back_up(source, file)
    assert (made.size_bytes, made.revision) == (file.stat().st_size, migrate.head())
    assert file.stat().st_mode & 0o077 == 0
    await backup_database.restore(target, file, overwrite=False)
    found, expected = contents(target), contents(source)
    if not is_sqlite(target):
        assert statuses(target) == _QUEUED_AGAIN, "the runs that were under way are over"
        found.pop("jobs")
        expected.pop("jobs")
    assert found == expected
    migrate.upgrade(target)
    assert not [name for name in os.listdir(tmp_path) if ".part" in name]  # noqa: PTH208 - in a coroutine


async def test_a_restore_replaces_all_there_was(databases: Databases, tmp_path: Path) -> None:
    """Tables of a newer schema too, over which the next upgrade would stumble; and only when told to."""
    url, file = filled(databases.new()), tmp_path / "all.backup"
    backup_database.back_up(url, file)
    newer = more_scripts(
        tmp_path, "op.create_table('later', sa.Column('id', sa.Integer))", oldest_code=migrate.head()
    )
    migrate.upgrade(url, scripts=newer)
    with connected(url) as connection:
        connection.execute(sa.text("UPDATE users SET email = id"))
        connection.commit()
    with pytest.raises(DatabaseRefused, match=r"is not empty: \w+ has rows. With --overwrite"):
        await backup_database.restore(url, file, overwrite=False)
    await backup_database.restore(url, file, overwrite=True)
    assert migrate.current(url) == migrate.head()
    assert ("B", "B@x") in {row[:2] for row in contents(url)["users"]}
    migrate.upgrade(url, scripts=newer)


async def test_a_damaged_backup_changes_nothing(databases: Databases, tmp_path: Path) -> None:
    """Broken in its last part, so that it is noticed late."""
    url, file = filled(databases.new()), tmp_path / "all.backup"
    backup_database.back_up(url, file)
    before = contents(url)
    whole = file.read_bytes()
    cut = len(whole) * 2 // 3
    for broken in (whole[:cut], whole[:cut] + b"\x5a" * 3000 + whole[cut + 3000 :]):
        file.write_bytes(broken)
        with pytest.raises((DatabaseRefused, DatabaseUnavailable), match=r"damaged|failed"):
            await backup_database.restore(url, file, overwrite=True)
        assert contents(url) == before


async def test_a_backup_of_a_newer_schema_is_refused(databases: Databases, tmp_path: Path) -> None:
    """This code could not use it."""
    url, file = databases.new(), tmp_path / "newer.backup"
    migrate.upgrade(url, scripts=more_scripts(tmp_path, oldest_code=migrate.head()))
    assert backup_database.back_up(url, file).revision == NEXT
    with pytest.raises(DatabaseRefused, match=f"{NEXT}, and this Jaxercise knows {migrate.head()} at most"):
        await backup_database.restore(databases.new(), file, overwrite=False)


async def test_nothing_is_replaced_or_moved_under_a_service(databases: Databases, tmp_path: Path) -> None:
    url, file = filled(databases.new(), submissions=10), tmp_path / "all.backup"
    other = databases.new()
    migrate.upgrade(other)
    backup_database.back_up(url, file)
    with in_use(url):
        with pytest.raises(DatabaseInUse, match="stop"):
            await backup_database.restore(url, file, overwrite=True, patience_seconds=0.2)
        with pytest.raises(DatabaseInUse, match="stop"):
            await move(url, other, patience_seconds=0.2)
    with in_use(other), pytest.raises(DatabaseInUse, match="stop"):
        await move(url, other, patience_seconds=0.2)
    await move(url, other)


def test_a_backup_needs_a_new_file_and_something_to_back_up(databases: Databases, tmp_path: Path) -> None:
    url, file = databases.new(), tmp_path / "all.backup"
    with pytest.raises(DatabaseRefused, match="nothing to back up"):
        backup_database.back_up(url, file)
    migrate.upgrade(url)
    with pytest.raises(DatabaseRefused, match="cannot be written: No such file or directory"):
        backup_database.back_up(url, tmp_path / "no such folder" / "all.backup")
    backup_database.back_up(url, file)
    with pytest.raises(DatabaseRefused, match="exists already"):
        backup_database.back_up(url, file)


@pytest.mark.postgresql
async def test_what_is_no_backup_of_this_database_is_refused(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    url, file = f"sqlite:///{tmp_path / 'a.db'}", tmp_path / "file"
    server = postgres.new_database()
    with pytest.raises(DatabaseRefused, match="cannot be read: No such file"):
        await backup_database.restore(url, file, overwrite=False)
    file.write_text("not a backup")
    with pytest.raises(DatabaseRefused, match="not a backup that"):
        await backup_database.restore(url, file, overwrite=False)
    file.unlink()
    with closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE t (x)")
    with pytest.raises(DatabaseRefused, match="no backup of Jaxercise's"):
        await backup_database.restore(url, file, overwrite=False)
    migrate.upgrade(url)
    file.unlink()
    backup_database.back_up(url, file)
    with pytest.raises(DatabaseRefused, match="a backup of SQLite, and the database is PostgreSQL"):
        await backup_database.restore(server, file, overwrite=False)


async def test_a_backup_under_writes_is_of_one_moment(tmp_path: Path) -> None:
    """A service goes on writing meanwhile; each of its transactions is in the copy whole or not at all."""
    url = filled(f"sqlite:///{tmp_path / 'a.db'}", submissions=2000)
    written, stop = threading.Event(), threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(sqlite_path(url), isolation_level=None, timeout=30)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            number = 0
            while not stop.is_set():
                number += 1
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("UPDATE users SET email = id || ?", (number,))
                connection.execute("UPDATE jobs SET priority = ? WHERE status = 'queued'", (number,))
                connection.execute("COMMIT")
                written.set()

    writer = threading.Thread(target=write)
    writer.start()
    written.wait(60)
    try:
        for number in range(3):
            file = tmp_path / f"{number}.backup"
            backup_database.back_up(url, file)
            with closing(sqlite3.connect(file)) as copy:
                moments = copy.execute("SELECT DISTINCT substr(email, length(id) + 1) FROM users")
                found = [int(moment) for (moment,) in moments]
                priorities = copy.execute("SELECT DISTINCT priority FROM jobs WHERE status = 'queued'")
                assert [priority for (priority,) in priorities] == found
    finally:
        stop.set()
        writer.join()


@pytest.mark.postgresql
@pytest.mark.parametrize("back", [False, True], ids=["to PostgreSQL", "to SQLite"])
async def test_a_move_carries_everything_over(tmp_path: Path, postgres: PostgresServer, back: bool) -> None:
    """Counts and checksums are told for both, and a run that was under way waits again."""
    source, target = f"sqlite:///{tmp_path / 'a.db'}", postgres.new_database()
    if back:
        source, target = target, source
    filled(source)
    reported = await move(source, target)
    assert [one.name for one in reported] == [table.name for table in MOVED_TABLES]
    assert all(one.is_whole and one.rows > 0 for one in reported)
    assert statuses(target) == _QUEUED_AGAIN
    moved, kept = contents(target), contents(source)
    assert {row[:5] for row in moved.pop("jobs")} == {row[:5] for row in kept.pop("jobs")}
    assert moved == kept
    with pytest.raises(DatabaseRefused, match="is not empty"):
        await move(source, target)


def test_every_table_is_moved_but_those_of_the_place() -> None:
    """A new table is moved unless somebody decided otherwise."""
    assert set(metadata.tables) - {table.name for table in MOVED_TABLES} == {"schema_floor", "workers"}


@pytest.mark.postgresql
async def test_a_move_that_changes_a_row_is_taken_back(tmp_path: Path, postgres: PostgresServer) -> None:
    """The checksums can differ, and then nothing was moved."""
    source, target = filled(f"sqlite:///{tmp_path / 'a.db'}"), postgres.new_database()
    migrate.upgrade(target)
    with connected(target) as connection:
        connection.execute(
            sa.text(
                "CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                " IF NEW.seed % 400 = 0 THEN NEW.code := upper(NEW.code); END IF; RETURN NEW; END $$"
            )
        )
        connection.execute(
            sa.text("CREATE TRIGGER cut BEFORE INSERT ON submissions FOR EACH ROW EXECUTE FUNCTION cut()")
        )
        connection.commit()
    with pytest.raises(DatabaseRefused, match="submissions came out otherwise"):
        await move(source, target)
    assert set(map(len, contents(target).values())) == {0}


@pytest.mark.postgresql
async def test_a_row_that_the_target_cannot_hold_stops_the_move(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    """SQLite holds nobody to a length."""
    source, target = filled(f"sqlite:///{tmp_path / 'a.db'}"), postgres.new_database()
    with connected(source) as connection:
        connection.execute(sa.text("UPDATE submissions SET mode = 'a mode that nobody ever heard of'"))
        connection.commit()
    with pytest.raises(
        DatabaseRefused, match="A row of submissions cannot be stored there, nothing was moved"
    ):
        await move(source, target)
    assert set(map(len, contents(target).values())) == {0}


@pytest.mark.postgresql
async def test_only_what_this_code_knows_is_moved(tmp_path: Path, postgres: PostgresServer) -> None:
    source, target = f"sqlite:///{tmp_path / 'a.db'}", postgres.new_database()
    with pytest.raises(DatabaseRefused, match="nothing to move"):
        await move(source, target)
    migrate.upgrade(source, "0001")
    with pytest.raises(DatabaseRefused, match=r"is at revision 0001, not at .* `jaxercise db upgrade` first"):
        await move(source, target)
    with pytest.raises(DatabaseRefused, match="the same"):
        await move(source, source)


@pytest.mark.postgresql
def test_the_commands_keep_the_password_to_themselves(
    tmp_path: Path,
    postgres: PostgresServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """PostgreSQL's tools get it by their environment; a process list and our own words never have it."""
    url = filled(postgres.new_database().replace("jaxercise@", "jaxercise:s3cret@"), submissions=10)
    tool, seen = tmp_path / "pg_dump", tmp_path / "seen"
    real = backup_postgresql.program("pg_dump")
    tool.write_text(f'#!/bin/sh\necho "$@" > {seen}; echo "$PGPASSWORD" >> {seen}; exec {real} "$@"\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("JAXERCISE_DATABASE_URL", url)
    file, target = tmp_path / "all.backup", f"sqlite:///{tmp_path / 'moved.db'}"
    db.backup(file)
    arguments, password = seen.read_text().splitlines()
    assert password == "s3cret"
    with pytest.raises(DatabaseRefused) as refused:
        db.restore(file)
    db.restore(file, overwrite=True)
    db.check()
    db.move(target)
    printed = capsys.readouterr().out
    assert f"The PostgreSQL database {url.partition('?')[0].rpartition('/')[2]} at " in printed
    assert f"{'submissions':<22}{10:>12}{10:>12}" in printed
    assert "equal" in printed
    assert statuses(target) == {"done": 8, "queued": 2}
    assert "s3cret" not in arguments + str(refused.value) + printed


async def test_a_restored_file_is_what_the_service_opens(tmp_path: Path) -> None:
    """No log of the old file is left that would be taken for the new one's."""
    url = filled(f"sqlite:///{tmp_path / 'a.db'}", submissions=10)
    file = tmp_path / "all.backup"
    backup_database.back_up(url, file)
    database = Database(url)
    async with database.transaction() as connection:
        await connection.execute(sa.text("DELETE FROM submissions WHERE verdict IS NULL"))
    with pytest.raises(DatabaseUnavailable, match="another process has kept it locked"):
        await backup_database.restore(url, file, overwrite=True)
    await database.close()
    await backup_database.restore(url, file, overwrite=True)
    database = Database(url)
    async with database.reading() as connection:
        assert (await connection.execute(sa.text("SELECT count(*) FROM submissions"))).scalar_one() == 10
    await database.close()


@pytest.mark.postgresql
async def test_what_waited_is_graded_in_the_new_place(tmp_path: Path, postgres: PostgresServer) -> None:
    """Moved to PostgreSQL, and restored from there: no job went along, and none is missing."""
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        running = await service.submit("wait 60")
        await until(lambda: service.grader.graded == ["wait 60"])
        first, second = await service.submit("print 1"), await service.submit("print 2")
        cookies = dict(service.client.cookies)
    moved, restored = postgres.new_database(), postgres.new_database()
    await move(f"sqlite:///{tmp_path / 'data' / 'jaxercise.db'}", moved)
    backup_database.back_up(moved, tmp_path / "all.backup")
    await backup_database.restore(restored, tmp_path / "all.backup", overwrite=False)
    for url in (moved, restored):
        async with scripted_service(tmp_path, database_url=url) as service:
            service.client.cookies.update(cookies)
            await service.client.delete(f"/api/v1/submissions/{running['id']}")
            for submission in (first, second):
                assert (await service.verdict(submission["id"]))["accepted"]
