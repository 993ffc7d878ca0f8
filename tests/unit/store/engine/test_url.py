"""How a database is called, where a password must not be told."""

import pytest

from app.store.engine.url import parsed_url, place_of


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("sqlite:////var/a.db", "the database /var/a.db"),
        ("postgresql+psycopg://u:s3cret@db/x", "the PostgreSQL database x at db"),
        ("postgresql+psycopg://u:s3cret@db:6432/x", "the PostgreSQL database x at db:6432"),
        ("postgresql+psycopg://u@/x?host=/run/postgresql", "the PostgreSQL database x at /run/postgresql"),
        ("postgresql+psycopg://u@/x?host=a&host=b", "the PostgreSQL database x at a, b"),
        ("postgresql+psycopg://u@", "the PostgreSQL database u at this machine"),
    ],
)
def test_a_place_is_named_without_the_password(url: str, place: str) -> None:
    assert place_of(url) == place


def test_a_password_may_hold_anything_that_is_escaped() -> None:
    assert parsed_url("postgresql+psycopg://u:%40%3A%2F%25@db/x").password == "@:/%"
