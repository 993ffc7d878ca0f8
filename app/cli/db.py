"""`jaxercise db`: schema, backups and moves; and `jaxercise clean`, which takes away what may go."""

import asyncio
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.errors import DatabaseRefused, GraderError

if TYPE_CHECKING:
    from app.settings import Settings
    from app.store.maintenance.move import MovedTable

commands = typer.Typer(
    no_args_is_help=True, help="Look after the database: its schema, its backups, its place."
)


@commands.command("upgrade")
def upgrade() -> None:
    """Bring the schema up to date; `serve` does so by itself."""
    from app.store.engine import migrate

    url = _store_url()
    migrate.upgrade(url)
    print(_progress(url))


@commands.command("check")
def check() -> None:
    """Say which database it is and whether this version works with its schema; exit code 2 if not."""
    from app.store.engine import migrate

    url = _store_url()
    found, newest = migrate.current(url), migrate.head()
    if found != newest and not migrate.is_newer(url):
        raise GraderError(
            f"{_named(url)}: the schema is at revision {found or 'none'}, not at {newest}: "
            "run `jaxercise db upgrade`"
        )
    print(_progress(url))


@commands.command("backup")
def backup(file: Annotated[Path, typer.Argument(help="A new file; it holds everything.")]) -> None:
    """Write everything into one file, while the service goes on, and note in the data folder when it was."""
    from app.settings import read_settings
    from app.store.maintenance import backup as backup_database
    from app.store.maintenance.backup_record import note_backup

    settings = read_settings()
    made = backup_database.back_up(settings.store_url, file)
    print(f"{made.file}: {made.size_bytes:,} bytes, with the schema {made.revision}.")
    try:
        note_backup(settings.data_dir, made)
    except DatabaseRefused as fault:
        # The backup is whole all the same.
        typer.echo(f"`jaxercise doctor --production` will not know of it: {fault}", err=True)


@commands.command("restore")
def restore(
    file: Annotated[Path, typer.Argument(help="What `jaxercise db backup` wrote.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace all that is there now.")] = False,
) -> None:
    """Put a backup in the database's place; services must be stopped."""
    from app.store.maintenance import backup as backup_database

    url = _store_url()
    found = asyncio.run(backup_database.restore(url, file, overwrite=overwrite))
    print(f"{found.file} is restored, with the schema {found.revision}.")


@commands.command("move")
def move(
    to: Annotated[str, typer.Option("--to", help="The other database's URL; it must be empty.")],
) -> None:
    """Copy everything to another database and compare; services must be stopped."""
    from app.store.maintenance import move as move_database

    printed: set[str] = set()
    copying = move_database.move(_store_url(), to, on_table=partial(_print_table, printed=printed))
    moved = asyncio.run(copying)
    print(f"{sum(table.rows for table in moved):,} rows are there, all equal. The source is as it was.")
    print("Set JAXERCISE_DATABASE_URL to the new one before you start the service.")


def clean() -> None:
    """Take away now what the settings keep for a time only: printed output, drafts that were only run."""
    from app.settings import read_settings

    print(asyncio.run(_clean(read_settings())))


async def _clean(settings: "Settings") -> str:
    from app.store.engine.open import open_database
    from app.worker.retention import Retention

    async with open_database(settings.store_url) as database:
        retention = Retention(
            database,
            keep_output_days=settings.keep_output_days,
            keep_runs_days=settings.keep_runs_days,
        )
        if not retention.has_work:
            return (
                "Everything is kept for ever: JAXERCISE_KEEP_OUTPUT_DAYS and JAXERCISE_KEEP_RUNS_DAYS are 0."
            )
        cleaned = await retention.clean()
    said = f"{cleaned.runs} drafts deleted, the output of {cleaned.outputs} submissions removed."
    return said if cleaned.is_complete else f"{said} Another process is doing the rest."


def _print_table(table: "MovedTable", printed: set[str]) -> None:
    if not printed:
        print(
            f"{'table':<22}{'rows here':>12}{'rows there':>12}  {'checksum here':<18}{'checksum there':<18}"
        )
    printed.add(table.name)
    verdict = "equal" if table.is_whole else "DIFFERENT"
    print(
        f"{table.name:<22}{table.rows:>12,}{table.rows_there:>12,}  "
        f"{table.checksum[:16]}  {table.checksum_there[:16]}  {verdict}",
        flush=True,
    )


def _progress(url: str) -> str:
    from app.store.engine import migrate

    found, newest = migrate.current(url), migrate.head()
    if found == newest:
        return f"{_named(url)}: the schema is at revision {newest}, the newest."
    name = _named(url)
    return (
        f"{name}: the schema is at revision {found}; this version, which knows {newest}, still works on it."
    )


def _named(url: str) -> str:
    """Return what a person calls this database: its file, or its name and host; never its password."""
    from app.store.engine.database import is_sqlite, sqlite_path
    from app.store.engine.url import place_of

    if is_sqlite(url):
        return f"The database {sqlite_path(url).resolve()}"
    place = place_of(url)
    return f"{place[0].upper()}{place[1:]}"


def _store_url() -> str:
    from app.settings import read_settings

    return read_settings().store_url
