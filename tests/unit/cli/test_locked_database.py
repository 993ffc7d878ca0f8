"""Commands on a SQLite file that another process keeps locked: they say so at once, and end in time."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.store.engine import locked_file
from tests.support.checkout import CHECKOUT
from tests.support.command_line import Done

_HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute(f"PRAGMA journal_mode = {sys.argv[2]}")
connection.execute(f"BEGIN {sys.argv[3]}")
print("held", flush=True)
sys.stdin.read()
"""
_LOCKS = [("wal", "IMMEDIATE"), ("wal", "EXCLUSIVE"), ("delete", "IMMEDIATE"), ("delete", "EXCLUSIVE")]
_COMMANDS = [
    "users list",
    "users create b@school.test",
    "db check",
    "db upgrade",
    "db backup never-made",
    "db move --to sqlite:///never-made.db",
    "clean",
]


@contextmanager
def _held(path: Path, journal: str, lock: str) -> Iterator[subprocess.Popen[str]]:
    """Have another process keep the file locked until its input ends."""
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(path), journal, lock],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        try:
            yield holder
        finally:
            holder.communicate("")


@pytest.fixture
def database(jaxercise: Callable[..., Done], tmp_path: Path) -> Path:
    assert jaxercise("users", "create", "a@school.test").exit_code == 0
    path = tmp_path / "jaxercise.db"
    assert path.exists()
    return path


@pytest.mark.parametrize(("journal", "lock"), _LOCKS, ids=lambda word: str(word).lower())
def test_a_command_says_at_once_whom_it_waits_for(database: Path, journal: str, lock: str) -> None:
    """And does its work once the file is free."""
    environment = {**os.environ, "JAXERCISE_DATA_DIR": str(database.parent)}
    with _held(database, journal, lock) as holder:
        command = [sys.executable, "-m", "app.cli.main", "users", "list"]
        with subprocess.Popen(
            command,
            cwd=CHECKOUT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as listing:
            assert listing.stderr is not None
            line = listing.stderr.readline()
            # Read while the file is still held, so it was written while the command waited.
            assert str(database) in line
            assert f"process {holder.pid} (python" in line
            assert f"up to {locked_file.PATIENCE_SECONDS:g} s" in line
            holder.communicate("")
            printed, rest = listing.communicate()
            assert (listing.returncode, rest) == (0, "")
            assert "a@school.test" in printed


@pytest.mark.parametrize("command", _COMMANDS)
def test_a_command_gives_up_with_one_sentence(
    jaxercise: Callable[..., Done],
    database: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
) -> None:
    monkeypatch.setattr(locked_file, "PATIENCE_SECONDS", 0.2)
    monkeypatch.setenv("JAXERCISE_KEEP_RUNS_DAYS", "1")
    monkeypatch.chdir(tmp_path)
    with _held(database, "wal", "IMMEDIATE") as holder:
        done = jaxercise(*command.split())
    assert done.exit_code == 2
    assert f"process {holder.pid} (python" in done.complained
    assert "has kept it locked" in done.complained
    assert "Traceback" not in done.complained


def test_the_arguments_of_who_holds_it_are_not_told(tmp_path: Path) -> None:
    """A password may be among them."""
    path = tmp_path / "x.db"
    sqlite3.connect(path).close()
    with _held(path, "wal", "IMMEDIATE") as holder:
        named = locked_file.holder_of(path, path.with_name("x.db-shm"))
    assert named.startswith(f"process {holder.pid} (")
    assert "sqlite3" not in named


def test_a_holder_that_cannot_be_seen_has_no_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As one in another container."""
    path = tmp_path / "x.db"
    sqlite3.connect(path).close()
    monkeypatch.setattr(locked_file, "_LOCKS", tmp_path / "none")
    with _held(path, "wal", "IMMEDIATE"):
        assert "cannot be seen from here" in locked_file.holder_of(path, path.with_name("x.db-shm"))


def test_a_lock_of_one_s_own_is_no_other_s(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    try:
        assert "cannot be seen from here" in locked_file.holder_of(path)
    finally:
        connection.close()
