"""How a database is reached, by its URL."""

import pytest

from app.core.database_url import may_be_overheard

_REMOTE = "postgresql+psycopg://jaxercise:x@db.school.example/jaxercise"


@pytest.mark.parametrize(
    ("url", "environment", "overheard"),
    [
        (_REMOTE, {}, True),
        (f"{_REMOTE}?sslmode=prefer", {}, True),
        (f"{_REMOTE}?sslmode=require", {}, False),
        (f"{_REMOTE}?sslmode=verify-full", {}, False),
        (_REMOTE, {"PGSSLMODE": "verify-ca"}, False),
        ("postgresql+psycopg:///jaxercise", {"PGHOST": "db.school.example"}, True),
        ("postgresql+psycopg:///jaxercise", {}, False),
        ("postgresql+psycopg:///jaxercise?host=/run/postgresql", {}, False),
        ("postgresql+psycopg://jaxercise:x@127.0.0.1/jaxercise", {}, False),
        ("postgresql+psycopg:///jaxercise?host=localhost,db.school.example", {}, True),
        ("sqlite:///var/jaxercise.db", {"PGHOST": "db.school.example"}, False),
    ],
)
def test_who_sits_between_may_read_along_unless_encryption_is_needed(
    url: str, environment: dict[str, str], overheard: bool
) -> None:
    assert may_be_overheard(url, environment) is overheard
