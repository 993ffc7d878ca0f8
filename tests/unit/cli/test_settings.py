"""`jaxercise settings` shows what is in force, and no password."""

from pathlib import Path

import pytest

from app.cli.settings import settings
from app.errors import SettingsError
from app.settings import Settings


@pytest.fixture
def shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> dict[str, tuple[str, str]]:
    """Value and source by variable, with one setting of each source."""
    (tmp_path / "jaxercise_database_url").write_text(
        "postgresql+psycopg://jaxercise:Kq7-vv20@db/jaxercise?sslpassword=Kq7-vv21&sslkey=/etc/key"
    )
    monkeypatch.setenv("JAXERCISE_SECRETS_DIR", str(tmp_path))
    monkeypatch.setenv("JAXERCISE_SLOTS", "3")
    settings()
    lines = capsys.readouterr().out.splitlines()
    assert not any("Kq7" in line for line in lines)
    return {words[0]: (words[1], words[2]) for words in map(str.split, lines)}


def test_every_setting_is_shown_with_its_source(shown: dict[str, tuple[str, str]], tmp_path: Path) -> None:
    assert list(shown) == [f"JAXERCISE_{name.upper()}" for name in Settings.model_fields]
    assert shown["JAXERCISE_SLOTS"] == ("3", "environment")
    assert shown["JAXERCISE_PORT"] == ("8000", "default")
    assert shown["JAXERCISE_WORKER"] == ("true", "default")
    url, source = shown["JAXERCISE_DATABASE_URL"]
    assert url.startswith("postgresql+psycopg://jaxercise:***@db/jaxercise?")
    assert source == str(tmp_path / "jaxercise_database_url")


def test_the_database_in_force_is_shown_where_none_is_set(capsys: pytest.CaptureFixture[str]) -> None:
    settings()
    assert f"sqlite:///{Path.cwd() / 'var' / 'jaxercise.db'}" in capsys.readouterr().out


def test_of_a_mistyped_url_nothing_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody knows where in it the password stands."""
    monkeypatch.setenv("JAXERCISE_DATABASE_URL", "postgresql+psycopg://jaxercise:Kq7-vv20")
    with pytest.raises(SettingsError) as refused:
        settings()
    assert "Kq7" not in refused.value.message
