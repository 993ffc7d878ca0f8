"""Where a database is: its URL taken apart, and named without its password."""

from psycopg.conninfo import make_conninfo
from sqlalchemy import URL, make_url
from sqlalchemy.dialects.postgresql.psycopg import dialect
from sqlalchemy.exc import ArgumentError

from app.errors import SettingsError

_DRIVERS = ("sqlite", "postgresql+psycopg")


def parsed_url(url: str) -> URL:
    """Return the parts of a URL.

    Raises:
        SettingsError: it is none that is allowed. Of the URL itself nothing is told, for where it
            was mistyped the password may stand in any part of it.
    """
    # Whatever of a password follows its first @ would be taken for the host's name, and told in errors.
    if url.count("@") > 1:
        raise SettingsError("The database's URL has a second @: in a password it is written %40.")
    try:
        parts = make_url(url)
    except (ArgumentError, ValueError):
        raise SettingsError(
            "The database's URL cannot be read: in a password @ is written %40, : %3A, / %2F and % %25."
        ) from None
    if parts.drivername not in _DRIVERS:
        raise SettingsError("The database's URL must start with sqlite:/// or postgresql+psycopg://.")
    if parts.drivername == "sqlite" and parts.database in (None, "", ":memory:"):
        raise SettingsError("The database's URL must name a file, as in sqlite:///var/jaxercise.db.")
    return parts


def libpq_parameters(url: str) -> dict[str, str]:
    """Return what libpq and its programs need to know of a PostgreSQL URL's database."""
    _, parameters = dialect().create_connect_args(parsed_url(url))  # type: ignore[no-untyped-call]
    return {key: str(value) for key, value in parameters.items()}


def conninfo(url: str) -> str:
    """Return that in one line, the password among it."""
    return make_conninfo(**libpq_parameters(url))


def place_of(url: str) -> str:
    """Return a database's name for an operator: its file, or its name and host."""
    parts = parsed_url(url)
    if parts.drivername == "sqlite":
        return f"the database {parts.database}"
    host = parts.host or _one(parts.query.get("host")) or "this machine"
    port = f":{parts.port}" if parts.port else ""
    return f"the PostgreSQL database {parts.database or parts.username or ''} at {host}{port}"


def _one(value: str | tuple[str, ...] | None) -> str | None:
    return ", ".join(value) if isinstance(value, tuple) else value
