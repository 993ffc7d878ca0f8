"""Which of several pg_dumps is taken."""

from pathlib import Path

import pytest

from app.errors import DatabaseRefused
from app.store.maintenance.backup_postgresql import program


def install(folder: Path, version: str) -> str:
    folder.mkdir(parents=True)
    script = folder / "pg_dump"
    script.write_text(f'#!/bin/sh\necho "pg_dump (PostgreSQL) {version}"\n')
    script.chmod(0o755)
    return str(script)


@pytest.fixture
def debian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing is installed yet, there or on the PATH."""
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    return tmp_path / "debian"


def test_the_newest_of_debian_where_the_path_has_none(debian: Path) -> None:
    install(debian / "9" / "bin", "9.6.24")
    newest = install(debian / "15" / "bin", "15.18 (Debian 15.18-0+deb12u1)")
    assert program("pg_dump", debian=debian) == newest


@pytest.mark.parametrize(
    ("on_path", "of_debian", "takes_path"),
    [("15.18", "18.4", False), ("18beta1", "17.6", True), ("16.14", "16.9", True), ("16.9", "16.14", False)],
)
def test_an_older_one_on_the_path_does_not_stand_in_front(
    debian: Path, on_path: str, of_debian: str, takes_path: bool
) -> None:
    """It would refuse a newer server."""
    path = install(debian.parent / "path", on_path)
    other = install(debian / of_debian.split(".")[0] / "bin", of_debian)
    assert program("pg_dump", debian=debian) == (path if takes_path else other)


def test_where_there_is_none_the_package_is_named(debian: Path) -> None:
    with pytest.raises(DatabaseRefused, match="postgresql-client"):
        program("pg_dump", debian=debian)
