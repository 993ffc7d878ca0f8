"""Backups of PostgreSQL by its own tools: pg_dump's custom format, and one transaction that restores it."""

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from psycopg import sql
from psycopg.conninfo import make_conninfo
from sqlalchemy import text

from app.errors import DatabaseRefused
from app.store.engine.migrate import connected
from app.store.engine.url import libpq_parameters
from app.store.maintenance.backup_file import becoming

_DEBIAN = Path("/usr/lib/postgresql")
_ENOUGH = ("--no-owner", "--no-privileges", "--no-comments", "--no-tablespaces", "--no-security-labels")
# Procrastinate's jobs come again from our own, and events from the runs that are made again.
_WITHOUT_ROWS = ("procrastinate_*", "submission_events", "workers")
# What an older backup does not know would otherwise stay beside it. The schema may not be ours to drop.
_DROP_EVERYTHING = """
DO $$
DECLARE found record;
BEGIN
    FOR found IN SELECT oid::regclass::text AS name FROM pg_class
        WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
    LOOP EXECUTE 'DROP TABLE IF EXISTS ' || found.name || ' CASCADE'; END LOOP;
    FOR found IN SELECT oid::regprocedure::text AS name FROM pg_proc
        WHERE pronamespace = current_schema()::regnamespace AND NOT EXISTS (
            SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')
    LOOP EXECUTE 'DROP ROUTINE IF EXISTS ' || found.name || ' CASCADE'; END LOOP;
    FOR found IN SELECT pg_type.oid::regtype::text AS name FROM pg_type
        LEFT JOIN pg_class ON pg_class.oid = typrelid
        WHERE typnamespace = current_schema()::regnamespace
        AND (typtype IN ('e', 'd') OR pg_class.relkind = 'c')
    LOOP EXECUTE 'DROP TYPE IF EXISTS ' || found.name || ' CASCADE'; END LOOP;
END $$;
"""


def back_up(url: str, file: Path) -> None:
    """Write the database as it is at one moment; `file` appears once it is whole."""
    with becoming(file) as part:
        left_out = [f"--exclude-table-data={pattern}" for pattern in _WITHOUT_ROWS]
        kept = ["--schema", _schema(url), "--lock-wait-timeout=10s", "--format=custom", "--file", str(part)]
        _run("pg_dump", url, [*_ENOUGH, *left_out, *kept, "--dbname", _address(url)])
        revision_of(part)


def restore(url: str, file: Path) -> None:
    """Drop everything and restore the backup, in one transaction that ends well or not at all.

    Nobody else may be using the database.
    """
    schema = _schema(url)
    requeue = _requeue(schema)
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as reported:
        psql = subprocess.Popen(
            [program("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "--dbname", _address(url)],
            env=_environment(url),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
        assert psql.stdin is not None
        try:
            _write(psql.stdin, f"BEGIN;\nSET LOCAL lock_timeout = '10s';\n{_DROP_EVERYTHING}")
            choices = ["--exit-on-error", *_ENOUGH[:3], "--schema", schema, "--file", "-", str(file)]
            reading = subprocess.run(
                [program("pg_restore"), *choices], stdout=psql.stdin, stderr=reported, check=False
            )
            if reading.returncode == 0:
                _write(psql.stdin, f"{requeue};\nCOMMIT;\n")
        finally:
            # Without the COMMIT, the end of its input is the end of the transaction.
            _close(psql.stdin)
            psql.wait()
        if psql.returncode != 0:
            raise DatabaseRefused(f"psql restored nothing: {_reason(said)}.")
        if reading.returncode != 0:
            raise DatabaseRefused(f"{file} is damaged, nothing was restored: {_reason(reported)}.")


def _requeue(schema: str) -> str:
    """Return what tells that no run is under way. Without the tables it fails, and nothing has happened."""
    jobs = sql.Identifier(schema, "jobs").as_string()
    # Before revision 0005 it stood in the submissions.
    return (
        sql.SQL(
            "DO $$ BEGIN EXECUTE format($q$UPDATE %s SET status = 'queued' WHERE status = 'running'$q$, "
            "CASE WHEN to_regclass({}) IS NULL THEN {} ELSE {} END); END $$"
        )
        .format(jobs, sql.Identifier(schema, "submissions").as_string(), jobs)
        .as_string()
    )


def revision_of(file: Path) -> str | None:
    """Return the schema of a backup; None where it has none.

    Raises:
        DatabaseRefused: pg_restore cannot read it.
    """
    script = _run("pg_restore", None, ["--data-only", "--table=alembic_version", "--file", "-", str(file)])
    lines = script.splitlines()
    start = next((n for n, line in enumerate(lines) if line.startswith("COPY ")), None)
    if start is None or lines[start + 1] == "\\.":
        return None
    return lines[start + 1]


def _schema(url: str) -> str:
    with connected(url) as connection:
        return str(connection.execute(text("SELECT current_schema()")).scalar_one())


def _address(url: str) -> str:
    """Return the address without its password: a command line can be read by everybody on the machine."""
    return make_conninfo(**{key: value for key, value in _parameters(url).items() if key != "password"})


def _environment(url: str) -> dict[str, str]:
    """PGPASSWORD where the URL has one; otherwise what the operator's environment says."""
    password = _parameters(url).get("password")
    return {**os.environ, **({} if password is None else {"PGPASSWORD": password}), "LC_ALL": "C"}


def _parameters(url: str) -> dict[str, str]:
    parameters = libpq_parameters(url)
    if "sslpassword" in parameters:
        raise DatabaseRefused("A backup cannot be made with sslpassword in the URL: use a key without one.")
    return parameters


def _run(name: str, url: str | None, arguments: Sequence[str]) -> str:
    """Return what the program prints.

    Raises:
        DatabaseRefused: it failed, or is not installed.
    """
    environment = None if url is None else _environment(url)
    with tempfile.TemporaryFile() as reported:
        command = [program(name), *arguments]
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=reported, check=False)
        if done.returncode != 0:
            raise DatabaseRefused(f"{name} failed: {_reason(reported)}.")
        return done.stdout.decode()


def program(name: str, *, debian: Path = _DEBIAN) -> str:
    """Find one of PostgreSQL's tools: the newest of that on the PATH and those of Debian's packages.

    They work with servers of their own version and older ones (pg_dump's page in PostgreSQL's documentation).

    Raises:
        DatabaseRefused: nowhere.
    """
    newest_first = sorted(debian.glob("*/bin"), key=lambda folder: int(folder.parent.name), reverse=True)
    on_path, of_debian = shutil.which(name), shutil.which(name, path=os.pathsep.join(map(str, newest_first)))
    if on_path is None and of_debian is None:
        raise DatabaseRefused(f"{name} is not installed: Debian's package postgresql-client has it.")
    if on_path is None or of_debian is None:
        return on_path or of_debian or ""
    return max(on_path, of_debian, key=_version)


def _version(program: str) -> tuple[int, ...]:
    """Read a version as in "pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"."""
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\) (\d+)(?:\.(\d+))?", said)
    return tuple(int(number) for number in found.groups(default="0")) if found else ()


def _reason(reported: IO[bytes]) -> str:
    """Return the line that tells of the error, without the program's name."""
    reported.seek(0)
    lines = [line.strip() for line in reported.read().decode(errors="replace").splitlines() if line.strip()]
    line = next((line for line in lines if "error" in line.lower() or "fatal" in line.lower()), None)
    line = line or (lines[0] if lines else "it gave no reason")
    for mark in ("ERROR:", "FATAL:", "error:"):
        line = line.rpartition(mark)[2]
    # Which versions do not fit together, for one.
    detail = next((line.partition("detail: ")[2] for line in lines if "detail: " in line), "")
    return line.strip().rstrip(".") + (f" ({detail.rstrip('.')})" if detail else "")


def _write(pipe: IO[bytes], script: str) -> None:
    """Write, unless psql has ended: what it cannot read it has not done either, as its exit code tells."""
    with contextlib.suppress(BrokenPipeError):
        pipe.write(script.encode())
        pipe.flush()


def _close(pipe: IO[bytes]) -> None:
    with contextlib.suppress(BrokenPipeError):
        pipe.close()
