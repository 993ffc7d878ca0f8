"""`jaxercise db`."""

import typer

from app.errors import GraderError

commands = typer.Typer(
    no_args_is_help=True, help="Look after the database's schema; `serve` does so by itself."
)


@commands.command("upgrade")
def upgrade() -> None:
    """Bring the schema up to date."""
    from app.settings import read_settings
    from app.store import migrate

    migrate.upgrade(read_settings().store_url)
    print(f"The schema is at revision {migrate.head()}.")


@commands.command("check")
def check() -> None:
    """Say whether the schema is up to date; exit code 2 if it is not."""
    from app.settings import read_settings
    from app.store import migrate

    found, newest = migrate.current(read_settings().store_url), migrate.head()
    if found != newest:
        raise GraderError(
            f"the schema is at revision {found or 'none'}, not at {newest}: run `jaxercise db upgrade`"
        )
    print(f"The schema is at revision {newest}, the newest.")
