"""A private PostgreSQL for tests: its own cluster in a temporary folder, reached by a Unix socket only."""

import os
import pwd
import shutil
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

    def __init__(self, socket_folder: Path) -> None:
        self._socket_folder = socket_folder

    def new_database(self) -> str:
        """The URL of a new, empty database."""
        name = f"test_{uuid4().hex}"
        _run(["psql", "-X", "-q", *self._address("postgres"), "-c", f"CREATE DATABASE {name}"])
        return f"postgresql+psycopg://{_OWNER}@/{name}?host={self._socket_folder}"

    def _address(self, database: str) -> list[str]:
        return ["-h", str(self._socket_folder), "-U", _OWNER, "-d", database]


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """Starts a cluster and stops it. The server refuses to be root, so root starts it as `postgres`."""
    # Not pytest's own temporary folder: other users may not walk into it, and a socket's path must be short.
    folder = Path(tempfile.mkdtemp(prefix="jaxercise-pg-"))
    try:
        if os.geteuid() == 0:
            account = pwd.getpwnam("postgres")
            os.chown(folder, account.pw_uid, account.pw_gid)
        cluster = folder / "cluster"
        choices = ["-U", _OWNER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        _run_as_server([_program("initdb"), "-D", cluster, *choices])
        options = (
            f"-k {folder} -c listen_addresses= -c fsync=off -c max_connections=50 -c shared_buffers=16MB"
        )
        log = folder / "log"
        _run_as_server([_program("pg_ctl"), "-D", cluster, "-l", log, "-w", "-o", options, "start"])
        try:
            yield PostgresServer(folder)
        finally:
            _run_as_server([_program("pg_ctl"), "-D", cluster, "-m", "immediate", "-w", "stop"])
    finally:
        shutil.rmtree(folder)


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
