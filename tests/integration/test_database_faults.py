"""A database that cannot be reached, written or understood: one sentence, no password; then it goes on."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError

from app.errors import DatabaseUnavailable, GraderError, SettingsError
from app.store import tables
from app.store.engine import migrate
from app.store.engine.database import Bounds, Database
from app.store.engine.open import open_database
from tests.support.checkout import CHECKOUT
from tests.support.filled_database import connected, filled
from tests.support.postgres import PostgresServer
from tests.support.scripted_service import code, scripted_service

pytestmark = pytest.mark.anyio


_NOBODY = "postgresql+psycopg://jaxercise:s3cret@127.0.0.1:1/jaxercise"


async def sentence_of(url: str) -> str:
    """What an operator is told who starts a service on this database."""
    with pytest.raises(GraderError) as reported:
        async with open_database(url):
            pass
    assert "s3cret" not in reported.value.message
    assert "\n" not in reported.value.message
    return reported.value.message


async def logged_while_serving(url: str) -> str:
    """What the log says if the database is like that later."""
    database = Database(url)
    with pytest.raises(DatabaseUnavailable) as reported:
        await database.ping()
    await database.close()
    return reported.value.message


async def test_nobody_answers() -> None:
    expected = "The PostgreSQL database jaxercise at 127.0.0.1:1 cannot be used: Connection refused."
    assert await sentence_of(_NOBODY) == expected
    assert await logged_while_serving(_NOBODY) == expected


async def test_a_host_that_is_not_there() -> None:
    reported = await sentence_of(_NOBODY.replace("127.0.0.1:1", "no-such-host.invalid"))
    assert reported.startswith("The PostgreSQL database jaxercise at no-such-host.invalid cannot be used: ")


@pytest.mark.postgresql
async def test_a_wrong_password_and_a_wrong_name(postgres: PostgresServer) -> None:
    """The reason is the server's own."""
    url = postgres.new_database().replace("jaxercise@", "locked:s3cret@")
    with connected(url.replace("locked:s3cret@", "jaxercise@")) as connection:
        rules = connection.execute(sa.text("SHOW hba_file")).scalar_one()
        connection.execute(sa.text("DROP ROLE IF EXISTS locked"))
        connection.execute(sa.text("CREATE ROLE locked LOGIN PASSWORD 'other'"))
        _prepend("local all locked scram-sha-256\n", Path(rules))
        connection.execute(sa.text("SELECT pg_reload_conf()"))
        connection.commit()
    deadline = time.monotonic() + 60
    while (reported := await sentence_of(url)) and "password" not in reported:
        assert time.monotonic() < deadline
    assert reported.endswith('cannot be used: password authentication failed for user "locked".')
    reported = await sentence_of(postgres.new_database().replace("/test_", "/tset_"))
    assert "tset_" in reported
    assert reported.endswith("does not exist.")


def _prepend(line: str, file: Path) -> None:
    file.write_text(line + file.read_text())


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://u:s3cret@s3cret@host/db",
        "postgresql+psycopg://u:p@host:s3cret/db",
        "postgresql+psycopg://u:s3@cret@host:port/db",
        "sqlite:///",
        "sqlite:///:memory:",
        "mysql://u:s3cret@host/db",
        "s3cret",
    ],
)
async def test_what_is_no_url_is_not_repeated(url: str) -> None:
    """Where a password is mistyped, any part of the URL may hold a part of it."""
    with pytest.raises(SettingsError) as reported:
        async with open_database(url):
            pass
    assert "s3" not in reported.value.message
    assert "cret" not in reported.value.message
    assert "URL" in reported.value.message


async def test_an_unknown_choice_in_the_url_is_told() -> None:
    assert "invalid connection option" in await sentence_of(f"{_NOBODY}?no_such_option=1")


async def test_files_that_are_no_database(tmp_path: Path) -> None:
    """Each says what is in the way."""
    (tmp_path / "file").write_text("x" * 5000)
    (tmp_path / "folder").mkdir()
    assert "its folder cannot be made" in await sentence_of(f"sqlite:///{tmp_path / 'file' / 'a.db'}")
    assert "its file cannot be opened" in await sentence_of(f"sqlite:///{tmp_path / 'folder'}")
    assert "is not a SQLite database" in await sentence_of(f"sqlite:///{tmp_path / 'file'}")
    assert "is not a SQLite database" in await logged_while_serving(f"sqlite:///{tmp_path / 'file'}")


def test_a_command_ends_with_one_line_and_exit_code_2() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "app.cli.main", "db", "check"],
        cwd=CHECKOUT,
        env={**os.environ, "JAXERCISE_DATABASE_URL": _NOBODY},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == (
        "jaxercise: The PostgreSQL database jaxercise at 127.0.0.1:1 cannot be used: Connection refused.\n"
    )


async def test_a_full_disk_is_told_and_passes(tmp_path: Path) -> None:
    """Nothing is half written, and when there is room again the same process goes on."""
    database = Database(filled(f"sqlite:///{tmp_path / 'a.db'}", submissions=10))
    grow = sa.text("UPDATE submissions SET code = :code").bindparams(code="x" * 50_000)

    async def write(pages: int) -> None:
        async with database.transaction() as connection:
            await connection.execute(sa.text(f"PRAGMA max_page_count = {pages}"))
            await connection.execute(grow)

    with pytest.raises(DatabaseUnavailable, match="its disk is full"):
        await write(1)
    async with database.reading() as connection:
        longest = sa.select(sa.func.max(sa.func.length(tables.submissions.c.code)))
        assert (await connection.execute(longest)).scalar_one() < 100
    await write(100_000)
    await database.close()


async def test_a_locked_file_is_told(tmp_path: Path) -> None:
    database = Database(filled(f"sqlite:///{tmp_path / 'a.db'}", submissions=10))
    async with database.transaction():
        other = Database(database.url)
        async with other.reading() as connection:
            await connection.execute(sa.text("PRAGMA busy_timeout = 10"))
        with pytest.raises(DatabaseUnavailable, match="another process has kept it locked"):
            async with other.transaction():
                pass
        await other.close()
    await database.close()


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
async def test_a_missing_schema_is_told_and_a_mistake_of_ours_is_not_hidden(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    """Both are errors of the same class for a driver."""
    url = f"sqlite:///{tmp_path / 'a.db'}"
    if kind == "postgresql":
        url = request.getfixturevalue("postgres").new_database()
    database = Database(url)
    with pytest.raises(DatabaseUnavailable, match="has no table users, see `jaxercise db check`"):
        async with database.reading() as connection:
            await connection.execute(sa.select(tables.users))
    filled(url, submissions=1)
    for statement in ("SELECT no_such_column FROM users", "SELECT 1 FROM no_such_table", "SELEKT 1"):
        with pytest.raises(DBAPIError):
            async with database.reading() as connection:
                await connection.execute(sa.text(statement))
    with pytest.raises(IntegrityError) as reported:
        async with database.transaction() as connection:
            await connection.execute(tables.sessions.insert().values(secret_hash="s3cret", user_id="B"))
    assert "[SQL parameters hidden" in str(reported.value), "they may be code or hashes of passwords"
    await database.close()


@pytest.mark.postgresql
async def test_a_server_that_answers_nothing_holds_nobody_up(postgres: PostgresServer) -> None:
    """It is stopped, not gone: its connections stay open, and its kernel acknowledges what is sent."""
    database = Database(postgres.new_database(), bounds=Bounds(transaction_seconds=1.0))
    async with database.reading() as connection:
        server = (await connection.execute(sa.text("SELECT pg_backend_pid()"))).scalar_one()
    os.kill(server, signal.SIGSTOP)
    try:
        async with asyncio.timeout(60):
            with pytest.raises(DatabaseUnavailable, match="has not answered within 1 s"):
                await database.ping()
    finally:
        os.kill(server, signal.SIGCONT)
    await database.ping()
    await database.close()


@pytest.mark.postgresql
async def test_no_transaction_keeps_its_locks_for_ever(postgres: PostgresServer) -> None:
    """Of a process that was stopped in the middle; where it goes on, it is told."""
    database = Database(filled(postgres.new_database(), submissions=1), bounds=Bounds(idle_seconds=0.1))

    async def dawdle() -> None:
        async with database.transaction() as connection:
            await connection.execute(sa.text("UPDATE users SET role = role"))
            await asyncio.sleep(0.5)
            await connection.execute(sa.text("SELECT 1"))

    with pytest.raises(DatabaseUnavailable, match="idle-in-transaction timeout"):
        await dawdle()
    await database.ping()
    await database.close()


@pytest.mark.postgresql
async def test_a_service_outlives_its_database(tmp_path: Path, postgres: PostgresServer) -> None:
    """503 with Retry-After for programs, a page for people, and no restart when the database is back."""
    url = postgres.new_database()
    name = url.partition("?")[0].rpartition("/")[2]
    async with scripted_service(tmp_path, database_url=url) as service:
        await service.sign_up()
        _allow(postgres, name, "false")
        lost = await service.client.get("/api/v1/problems")
        assert (lost.status_code, code(lost)) == (503, "unavailable")
        assert int(lost.headers["Retry-After"]) > 0
        assert name not in lost.text
        assert "Try again" in lost.text
        page = await service.client.get("/")
        assert page.status_code == 503
        assert page.headers["Content-Type"].startswith("text/html")
        assert (await service.client.get("/readyz")).status_code == 503
        assert (await service.client.get("/healthz")).status_code == 200
        _allow(postgres, name, "true")
        assert (await service.client.get("/api/v1/problems")).status_code == 200
        taken = await service.submit("print hello")
        assert (await service.verdict(taken["id"]))["accepted"]


def _allow(postgres: PostgresServer, name: str, allowed: str) -> None:
    """Whether anybody may connect to the database; whoever is, is thrown out."""
    engine = sa.create_engine(postgres.new_database(), poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS {allowed}"))
        connection.execute(
            sa.text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"),
            {"name": name},
        )
    engine.dispose()


def test_a_check_tells_where_the_schema_is(tmp_path: Path) -> None:
    """Looking makes no file."""
    url = f"sqlite:///{tmp_path / 'a.db'}"
    assert migrate.current(url) is None
    assert not migrate.is_newer(url)
    assert list(tmp_path.iterdir()) == []
