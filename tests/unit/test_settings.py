"""Settings come from JAXERCISE_* variables, and a wrong one is refused by name."""

import os
from pathlib import Path

import pytest
from pydantic import SecretStr
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from app.errors import SettingsError
from app.settings import Settings, read_settings, source_of


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.upper().startswith("JAXERCISE_"):
            monkeypatch.delenv(name)


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
        ("TRUSTED_PROXIES", "foo", "IP addresses or networks"),
        ("PUBLIC_ADDRESSES", "grader.example.org", "a scheme and a host"),
        ("JAX_PATCHES", "fast", "ir_context, flax_type_cache, executable_cache; 'fast' is none of them"),
        ("JAX_PATCHES", "", "must not be empty"),
        ("RESERVED_SLOTS", "64", "it must be at most"),
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


_MAY_BE_EMPTY = {"trusted_proxies", "public_addresses"}
"""Lists of which none is meant."""


def test_no_public_address_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """As compose.yaml hands it over where nobody has set it."""
    monkeypatch.setenv("JAXERCISE_PUBLIC_ADDRESSES", " ")
    assert read_settings().origins == ()


@pytest.mark.parametrize("name", sorted(set(Settings.model_fields) - _MAY_BE_EMPTY))
@pytest.mark.parametrize("value", ["", "  "])
def test_an_empty_value_is_refused_whatever_is_set(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """An empty path would be the current folder, an empty address every network of the machine."""
    monkeypatch.setenv(f"JAXERCISE_{name.upper()}", value)
    with pytest.raises(SettingsError, match=f"^JAXERCISE_{name.upper()}.* is not allowed: ") as refused:
        read_settings()
    assert "\n" not in refused.value.message


@pytest.mark.parametrize(
    "value", ["", "*", " * ", "10.0.0.7", "10.0.0.0/8, 192.168.0.1", "::1,fd00::/8", "2001:db8::7"]
)
def test_proxies_are_taken_as_uvicorn_takes_them(value: str) -> None:
    trusted = read_settings(trusted_proxies=value).trusted_proxies
    found = ProxyHeadersMiddleware(_no_app, trusted_hosts=trusted).trusted_hosts
    assert found.always_trust == ("*" in value)
    assert found.trusted_literals <= {""}


@pytest.mark.parametrize(
    "value",
    ["foo", "proxy.school.test", "10.0.0.1/8", "10.0.0.7,", "10.0.0.7 10.0.0.8", "*,10.0.0.7", "[::1]"],
)
def test_proxies_that_uvicorn_would_never_find_are_refused(value: str) -> None:
    """It takes what it cannot read for a name, which no address is equal to, and says nothing."""
    assert ProxyHeadersMiddleware(_no_app, trusted_hosts=value).trusted_hosts.trusted_literals
    with pytest.raises(SettingsError, match=r"^JAXERCISE_TRUSTED_PROXIES=.* or \* alone"):
        read_settings(trusted_proxies=value)


async def _no_app(*_: object) -> None:
    """Stand for a service that is never asked."""


@pytest.mark.parametrize(
    ("name", "mentions"),
    [
        ("JAXERCISE_SLOT", "the nearest is JAXERCISE_SLOTS"),
        ("jaxercise_prot", "the nearest is JAXERCISE_PORT"),
        ("JAXERCISE_DATABASE", "the nearest is JAXERCISE_DATABASE_URL"),
        ("JAXERCISE_X", "the nearest is JAXERCISE_"),
        ("JAXERCISE_KEPT_SLOTS", "it is called JAXERCISE_RESERVED_SLOTS now"),
        ("JAXERCISE_REHEARSED", "it is called JAXERCISE_WARM_JAILS now"),
    ],
)
def test_a_name_that_is_no_setting_stops_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, mentions: str
) -> None:
    """As a variable and as a file of secrets; its value is not repeated."""
    monkeypatch.setenv(name, "hunter2")
    with pytest.raises(SettingsError, match=f"^{name} is not a setting.*{mentions}") as refused:
        read_settings()
    assert "hunter2" not in refused.value.message
    monkeypatch.delenv(name)
    monkeypatch.setenv("JAXERCISE_SECRETS_DIR", str(tmp_path))
    (tmp_path / name.lower()).write_text("hunter2")
    with pytest.raises(SettingsError, match=f"^{name.lower()} in JAXERCISE_SECRETS_DIR .*{mentions}"):
        read_settings()


def test_a_password_for_an_account_is_no_unknown_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAXERCISE_PASSWORD", "correct horse battery")
    assert read_settings().slots


@pytest.mark.parametrize(("slots", "reserved", "most"), [(1, 2, 0), (2, 2, 1), (4, 9, 3)])
def test_no_more_slots_are_reserved_than_leave_one(slots: int, reserved: int, most: int) -> None:
    with pytest.raises(SettingsError) as refused:
        read_settings(slots=slots, reserved_slots=reserved)
    assert refused.value.message == (
        f"JAXERCISE_RESERVED_SLOTS='{reserved}' is not allowed: "
        f"with JAXERCISE_SLOTS={slots} it must be at most {most}"
    )


def test_of_one_slot_none_is_reserved() -> None:
    """So the default is right on any machine."""
    assert read_settings(slots=1).reserved_slots == 1
    assert read_settings(slots=1, reserved_slots=0).reserved_slots == 0
    assert read_settings(slots=2, reserved_slots=1).reserved_slots == 1


def test_it_is_known_where_a_value_comes_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names are taken in either case."""
    (tmp_path / "jaxercise_queue_limit").write_text("7")
    (tmp_path / "jaxercise_slots").write_text("2")
    monkeypatch.setenv("jaxercise_secrets_dir", str(tmp_path))
    monkeypatch.setenv("JAXERCISE_SLOTS", "3")
    settings = read_settings()
    assert (settings.slots, settings.queue_limit) == (3, 7)
    assert source_of("slots") == source_of("secrets_dir") == "environment"
    assert source_of("queue_limit") == str(tmp_path / "jaxercise_queue_limit")
    assert source_of("port") == "default"


def test_a_sign_up_code_is_needed_where_one_is_asked_for_and_never_repeated() -> None:
    assert read_settings(sign_up="code", sign_up_code="spring 2027").sign_up == "code"
    with pytest.raises(SettingsError, match="SIGN_UP='code' is not allowed without JAXERCISE_SIGN_UP_CODE"):
        read_settings(sign_up="code")
    with pytest.raises(SettingsError, match=r"^JAXERCISE_SIGN_UP_CODE is not allowed: .* 8 ") as refused:
        read_settings(sign_up="code", sign_up_code="hunter2")
    assert "hunter2" not in refused.value.message
    with pytest.raises(SettingsError, match="JAXERCISE_SIGN_UP='shut' is not allowed"):
        read_settings(sign_up="shut")
