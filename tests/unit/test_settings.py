"""Settings come from JAXERCISE_* variables, and a wrong one is refused by name."""

from pathlib import Path

import pytest
from pydantic import SecretStr

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


_RANDOM = "Kq7-vv20pLm"


def test_no_settings_ever_show_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither where they are printed nor where pydantic refuses another one."""
    url = f"postgresql+psycopg://jaxercise:{_RANDOM}@db/jaxercise"
    settings = read_settings(database_url=url)
    assert settings.store_url == url
    assert _RANDOM not in f"{settings!r} {settings} {settings.model_dump()}"
    with pytest.raises(ValueError, match="port") as refused:
        Settings(database_url=SecretStr(f"{_RANDOM}{url}"), port=-1)
    assert _RANDOM not in str(refused.value)


def test_a_setting_may_be_a_file_that_is_named_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a container engine or systemd hands secrets over; the environment goes before it."""
    (tmp_path / "jaxercise_database_url").write_text("postgresql+psycopg://a:of-the-file@db/jaxercise\n")
    (tmp_path / "jaxercise_queue_limit").write_text("7")
    (tmp_path / "something_else").write_text("of others")
    monkeypatch.setenv("JAXERCISE_SECRETS_DIR", str(tmp_path))
    settings = read_settings()
    assert settings.store_url == "postgresql+psycopg://a:of-the-file@db/jaxercise"
    assert settings.queue_limit == 7
    monkeypatch.setenv("JAXERCISE_QUEUE_LIMIT", "8")
    assert read_settings().queue_limit == 8


def test_a_folder_of_secrets_that_is_not_there_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAXERCISE_SECRETS_DIR", str(tmp_path / "missing"))
    with pytest.raises(SettingsError, match=r"JAXERCISE_SECRETS_DIR=.*missing.* a folder that exists"):
        read_settings()


def test_a_secret_that_cannot_be_read_is_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder, a link out of the folder, bytes that are no text: a default would take its place."""
    monkeypatch.setenv("JAXERCISE_SECRETS_DIR", str(tmp_path))
    place = tmp_path / "jaxercise_database_url"
    place.mkdir()
    with pytest.raises(SettingsError, match=r"JAXERCISE_SECRETS_DIR=.*a text in that folder"):
        read_settings()
    place.rmdir()
    place.symlink_to("/etc/passwd")
    with pytest.raises(SettingsError, match="outside"):
        read_settings()
    place.unlink()
    place.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="not UTF-8"):
        read_settings()


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql+psycopg://jaxercise:{_RANDOM}@db/jaxercise",
        f"postgresql+psycopg://jaxercise@/jaxercise?host=db&password={_RANDOM}",
        # Over a Unix socket the kernel tells who it is.
        "postgresql+psycopg://jaxercise@/jaxercise",
        "postgresql+psycopg://jaxercise@/jaxercise?host=/run/postgresql",
        "postgresql+psycopg://jaxercise@db/jaxercise?passfile=/run/secrets/pgpass",
        "sqlite:////var/lib/jaxercise/jaxercise.db",
        None,
    ],
)
def test_production_takes_a_database_that_nobody_else_gets_into(
    monkeypatch: pytest.MonkeyPatch, url: str | None
) -> None:
    assert read_settings(environment="production", database_url=url).is_production


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("postgresql+psycopg://jaxercise@db/jaxercise", "it has no password"),
        ("postgresql+psycopg://jaxercise:@db:5432/jaxercise", "it has no password"),
        ("postgresql+psycopg://jaxercise@/jaxercise?host=/run/postgresql,db", "it has no password"),
        ("postgresql+psycopg://jaxercise:jaxercise@db/jaxercise", "well-known"),
        ("postgresql+psycopg://jaxercise:ChangeMe@db/jaxercise", "well-known"),
        ("postgresql+psycopg://jaxercise:change%2Dme@db/jaxercise", "well-known"),
        ("postgresql+psycopg://jaxercise@/jaxercise?host=db&password=postgres", "well-known"),
    ],
)
def test_production_refuses_a_development_secret(monkeypatch: pytest.MonkeyPatch, url: str, why: str) -> None:
    """One sentence, that says what is allowed and does not repeat the password; fine in development."""
    monkeypatch.delenv("PGPASSWORD", raising=False)
    read_settings(database_url=url)
    with pytest.raises(SettingsError) as refused:
        read_settings(database_url=url, environment="production")
    assert refused.value.message.startswith("JAXERCISE_DATABASE_URL is not allowed")
    assert why in refused.value.message
    assert "@" not in refused.value.message


def test_production_refuses_to_grade_without_isolation() -> None:
    with pytest.raises(SettingsError, match=r"JAXERCISE_SANDBOX=unjailed .* only jailed is"):
        read_settings(environment="production", sandbox="unjailed")
