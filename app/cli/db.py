"""`jaxercise db`."""

import asyncio
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.errors import GraderError

if TYPE_CHECKING:
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
    """Say whether the schema is one that this version works with; exit code 2 if it is not."""
    from app.store.engine import migrate

    url = _store_url()
    found, newest = migrate.current(url), migrate.head()
    if found != newest and not migrate.is_newer(url):
        raise GraderError(
            f"the schema is at revision {found or 'none'}, not at {newest}: run `jaxercise db upgrade`"
        )
    print(_progress(url))


@commands.command("backup")
def backup(file: Annotated[Path, typer.Argument(help="A new file; it holds everything.")]) -> None:
    """Write everything into one file, while the service goes on."""
    from app.store.maintenance import backup as backup_database

    made = backup_database.back_up(_store_url(), file)
    print(f"{made.file}: {made.size_bytes:,} bytes, with the schema {made.revision}.")


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
        return f"The schema is at revision {newest}, the newest."
    return f"The schema is at revision {found}; this version, which knows {newest}, still works on it."


def _store_url() -> str:
    from app.settings import read_settings

    return read_settings().store_url
