"""Settings come from JAXERCISE_* variables, and a wrong one is refused by name."""

from pathlib import Path

import pytest

from app.errors import SettingsError
from app.settings import Settings, read_settings


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"JAXERCISE_{name.upper()}", raising=False)


def test_everything_has_a_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The embedded database lies in the data directory."""
    settings = read_settings()
    assert (settings.host, settings.port, settings.sandbox) == ("127.0.0.1", 8000, "jailed")
    assert settings.store_url == f"sqlite:///{Path.cwd() / 'var' / 'jaxercise.db'}"
    assert settings.slots >= 1


def test_the_command_line_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAXERCISE_PORT", "9000")
    assert read_settings(port=None).port == 9000
    assert read_settings(port=9001).port == 9001


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("PORT", "65536", "less than or equal to 65535"),
        ("PORT", "http", "integer"),
        ("SLOTS", "0", "greater than or equal to 1"),
        ("SANDBOX", "none", "'jailed' or 'unjailed'"),
        ("PROBLEMS_DIR", "/does/not/exist", "a folder that exists"),
        ("SESSION_DAYS", "", "integer"),
        ("LOG_LEVEL", "loud", "'debug', 'info', 'warning' or 'error'"),
    ],
)
def test_a_wrong_value_is_refused_with_the_variables_name_and_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, allowed: str
) -> None:
    monkeypatch.setenv(f"JAXERCISE_{name}", value)
    with pytest.raises(SettingsError) as refused:
        read_settings()
    assert refused.value.message.startswith(f"JAXERCISE_{name}={value!r} is not allowed: ")
    assert allowed in refused.value.message


def test_a_database_password_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal ends up in logs."""
    monkeypatch.setenv("JAXERCISE_DATABASE_URL", "postgres://jaxercise:hunter2@db/jaxercise")
    with pytest.raises(SettingsError) as refused:
        read_settings()
    assert "hunter2" not in refused.value.message
    assert "JAXERCISE_DATABASE_URL is not allowed" in refused.value.message
    assert "postgresql+psycopg://" in refused.value.message


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValueError, match="frozen"):
        read_settings().__setattr__("port", 1)
