"""A PostgreSQL to measure: started as the tests start theirs, with a server's memory and with fsync on."""

import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg

from tests.support.postgres import _program, _run_as_server

_OWNER = "jaxercise"
_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "1000",
    "shared_buffers": "1GB",
    "max_wal_size": "8GB",
    "shared_preload_libraries": "pg_stat_statements",
}


class MeasuredServer:
    """A running cluster."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def new_database(self) -> str:
        """Return the URL of a new, empty database."""
        name = f"scale_{uuid4().hex[:8]}"
        with psycopg.connect(
            f"host={self._folder} user={_OWNER} dbname=postgres", autocommit=True
        ) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"postgresql+psycopg://{_OWNER}@/{name}?host={self._folder}"

    def processor_seconds(self) -> float:
        """Return what all processes of the cluster have used so far, those that have ended included."""
        main = int((self._folder / "cluster" / "postmaster.pid").read_text().split()[0])
        ticks = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(") ")[2].split()
            except OSError:
                continue
            if int(fields[1]) == main:
                ticks += int(fields[11]) + int(fields[12])
            if stat.parent.name == str(main):
                # With what its ended children have used.
                ticks += sum(map(int, fields[11:15]))
        return ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def measured_postgres() -> Iterator[MeasuredServer]:
    """Run a cluster on this machine's disk while the block lasts; its folder is removed."""
    folder = Path(tempfile.mkdtemp(prefix="jaxercise-scale-"))
    try:
        if os.geteuid() == 0:
            account = pwd.getpwnam("postgres")
            os.chown(folder, account.pw_uid, account.pw_gid)
        cluster = folder / "cluster"
        choices = ["-U", _OWNER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        _run_as_server([_program("initdb"), "-D", cluster, *choices])
        options = " ".join([f"-k {folder}", *(f"-c {name}={value}" for name, value in _SETTINGS.items())])
        control: list[str | Path] = [_program("pg_ctl"), "-D", cluster, "-l", folder / "log", "-w"]
        _run_as_server([*control, "-o", options, "start"])
        try:
            yield MeasuredServer(folder)
        finally:
            _run_as_server([*control, "-m", "immediate", "stop"])
    finally:
        shutil.rmtree(folder)
