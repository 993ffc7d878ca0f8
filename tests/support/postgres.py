"""A private PostgreSQL for tests: its own cluster in a temporary folder."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

_DEBIAN = Path("/usr/lib/postgresql")
_OWNER = "jaxercise"


class PostgresServer:
    """A running cluster; each test makes databases of its own in it."""

    def __init__(self, folder: Path, port: int, options: str, address: str) -> None:
        self._folder = folder
        self._port = port
        self._options = options
        self._address_in_urls = address

    def new_database(self) -> str:
        """The URL of a new, empty database."""
        name = f"test_{uuid4().hex}"
        self.run_sql(f"CREATE DATABASE {name}")
        return f"postgresql+psycopg://{_OWNER}@{self._address_in_urls.format(name=name)}"

    def run_sql(self, statement: str) -> None:
        """As the cluster's owner, beside any database of a test."""
        where = ["-h", str(self._folder), "-p", str(self._port), "-U", _OWNER, "-d", "postgres"]
        _run(["psql", "-X", "-q", *where, "-c", statement])

    def start(self) -> None:
        """Returns once it answers, after it has recovered from a crash."""
        log = self._folder / "log"
        self._control("-l", str(log), "-w", "-o", self._options, "start")

    def crash(self) -> None:
        """As a power cut does it: nothing is written any more, nobody is told."""
        self._control("-m", "immediate", "-w", "stop")

    def _control(self, *arguments: str) -> None:
        _run_as_server([_program("pg_ctl"), "-D", str(self._folder / "cluster"), *arguments])


@contextmanager
def running_postgres(*, durable: bool = False) -> Iterator[PostgresServer]:
    """Starts a cluster and stops it. The server refuses to be root, so root starts it as `postgres`.

    A `durable` one writes through to the disk and is reached over TCP on this machine, for tests that crash
    it; others are quick and reached by a Unix socket only.
    """
    # Not pytest's own temporary folder: other users may not walk into it, and a socket's path must be short.
    folder = Path(tempfile.mkdtemp(prefix="jaxercise-pg-"))
    try:
        if os.geteuid() == 0:
            account = pwd.getpwnam("postgres")
            os.chown(folder, account.pw_uid, account.pw_gid)
        choices = ["-U", _OWNER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        _run_as_server([_program("initdb"), "-D", folder / "cluster", *choices])
        port, address = 5432, f"/{{name}}?host={folder}"
        options = "-c listen_addresses= -c fsync=off -c max_connections=50"
        if durable:
            port = _free_port()
            address = f"127.0.0.1:{port}/{{name}}"
            options = "-c listen_addresses=127.0.0.1 -c fsync=on -c max_connections=300"
        options += f" -k {folder} -c port={port} -c shared_buffers=16MB"
        server = PostgresServer(folder, port, options, address)
        server.start()
        try:
            yield server
        finally:
            server.crash()
    finally:
        shutil.rmtree(folder)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _program(name: str) -> str:
    newest_first = sorted(_DEBIAN.glob("*/bin"), key=lambda folder: int(folder.parent.name), reverse=True)
    found = shutil.which(name, path=os.pathsep.join([*map(str, newest_first), os.environ["PATH"]]))
    if found is None:
        raise FileNotFoundError(f"PostgreSQL's {name} is missing: `make setup` installs it")
    return found


def _run_as_server(command: list[str | Path]) -> None:
    _run(command, user="postgres" if os.geteuid() == 0 else None)


def _run(command: list[str] | list[str | Path], user: str | None = None) -> None:
    # A server that keeps our pipe open would keep us waiting, so its output goes to a file of its own.
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(
            command, user=user, cwd="/", stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
        if done.returncode != 0:
            output.seek(0)
            raise RuntimeError(f"{command[0]} failed: {output.read().decode(errors='replace')}")
