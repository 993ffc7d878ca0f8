"""`jaxercise db` and `jaxercise clean`, as an operator types them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.command_line import Done


def test_the_schema_is_brought_up_to_date_and_checked(jaxercise: Callable[..., Done]) -> None:
    assert jaxercise("db", "upgrade").exit_code == 0
    assert "the newest" in jaxercise("db", "check").printed


def test_the_database_that_was_looked_at_is_named(
    jaxercise: Callable[..., Done], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its whole path, wherever the command was typed, and whether or not it has a schema."""
    monkeypatch.chdir(tmp_path)
    for url in (None, "sqlite:///other.db"):
        if url is not None:
            monkeypatch.setenv("JAXERCISE_DATABASE_URL", url)
        named = f"The database {tmp_path / ('jaxercise.db' if url is None else 'other.db')}: the schema is at"
        assert f"jaxercise: {named} revision none" in jaxercise("db", "check").complained
        assert jaxercise("db", "upgrade").printed.startswith(named)
        assert jaxercise("db", "check").printed.startswith(named)


def test_clean_says_what_it_took_away(
    jaxercise: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or that nothing is asked for, and what would ask for it."""
    idle = jaxercise("clean")
    assert idle.exit_code == 0
    assert "JAXERCISE_KEEP_OUTPUT_DAYS" in idle.printed
    monkeypatch.setenv("JAXERCISE_KEEP_RUNS_DAYS", "30")
    done = jaxercise("clean")
    assert (done.exit_code, done.printed) == (
        0,
        "0 drafts deleted, the output of 0 submissions removed.\n",
    )
