"""How one gets into a database by its URL; read without any driver."""

import os
from collections.abc import Mapping
from urllib.parse import parse_qs, unquote, urlsplit

# Each of these proves who one is without a password in the URL.
_OTHER_PROOFS = ("passfile", "sslkey", "service")
_OWN_MACHINE = ("localhost", "127.0.0.1", "::1")
_ENCRYPTED = ("require", "verify-ca", "verify-full")
"""What `sslmode` may be where no other connection will do; see libpq's page in PostgreSQL's documentation."""
_OTHER_VARIABLES = ("PGPASSFILE", "PGSSLKEY", "PGSERVICE")


def password_of(url: str, environment: Mapping[str, str] = os.environ) -> str:
    """Return the password that PostgreSQL is given, by the URL or by PGPASSWORD; empty for none."""
    parts = urlsplit(url)
    found = unquote(parts.password or "") or _option(url, "password")
    return found or ("" if is_sqlite(url) else environment.get("PGPASSWORD", ""))


def proves_itself_otherwise(url: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Say whether one gets in by a file of passwords, a certificate or a service definition."""
    return any(_option(url, name) for name in _OTHER_PROOFS) or any(
        name in environment for name in _OTHER_VARIABLES
    )


def is_reached_by_tcp(url: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Say whether it is not reached by a Unix socket, whose users the kernel knows, nor as a file."""
    if is_sqlite(url):
        return False
    named = _option(url, "host") or urlsplit(url).hostname or environment.get("PGHOST", "")
    return any(host and not host.startswith(("/", "@")) for host in named.split(","))


def may_be_overheard(url: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Say whether PostgreSQL is reached over a network, and the connection need not be encrypted."""
    named = _option(url, "host") or urlsplit(url).hostname or environment.get("PGHOST", "")
    is_here = all(host in _OWN_MACHINE for host in named.split(","))
    mode = _option(url, "sslmode") or environment.get("PGSSLMODE", "")
    return is_reached_by_tcp(url, environment) and not is_here and mode not in _ENCRYPTED


def is_sqlite(url: str) -> bool:
    return url.startswith("sqlite:")


def _option(url: str, name: str) -> str:
    return ",".join(parse_qs(urlsplit(url).query).get(name, ()))
