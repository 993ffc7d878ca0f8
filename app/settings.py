"""The settings, read once from JAXERCISE_* variables and handed down from there."""

import difflib
import ipaddress
import os
import socket
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import SettingsError as SettingsFault

from app.core.database_url import is_reached_by_tcp, password_of, proves_itself_otherwise
from app.core.machine import default_slots
from app.core.network import public_origins
from app.core.paths import path_of
from app.errors import SettingsError
from sandbox.patches import named_patches

_PREFIX = "JAXERCISE_"
_NO_SETTINGS = frozenset({"JAXERCISE_PASSWORD"})
"""Variables of ours that a single command reads."""
_RENAMED = {
    "JAXERCISE_KEPT_SLOTS": "JAXERCISE_RESERVED_SLOTS",
    "JAXERCISE_REHEARSED": "JAXERCISE_WARM_JAILS",
}
_SECRET = frozenset({"database_url", "sign_up_code"})
_SCHEMES = ("sqlite:///", "postgresql+psycopg://")


# What documents, examples and people in a hurry use; compared without case.
_DEVELOPMENT_SECRETS = frozenset(
    "jaxercise postgres postgresql password passwort passw0rd secret changeme change-me change_me dev devel "
    "develop development devpassword dev-password test testing example admin root user default letmein "
    "qwerty 12345 123456 12345678 123456789 1234567890".split()
)


def _check_database_url(url: SecretStr) -> SecretStr:
    if not url.get_secret_value().startswith(_SCHEMES):
        raise ValueError(f"must start with {' or '.join(_SCHEMES)}")
    return url


def _check_given(value: object) -> object:
    # An empty path would be the current folder, an empty address every network of this machine.
    if isinstance(value, str) and not value.strip():
        raise ValueError("must not be empty; a variable that is not set leaves the default")
    return value


def _is_readable_folder(path: Path) -> bool:
    # False as well where it lies in one that this user may not enter.
    return os.access(path, os.R_OK | os.X_OK) and path.is_dir()


def _check_folder(path: Path) -> Path:
    if not _is_readable_folder(path):
        raise ValueError("must be a folder that exists and that this user may enter and read")
    return path


def _check_proxies(text: str) -> str:
    """Refuse what uvicorn takes for a name: no address is ever equal to it, so it would trust nobody."""
    for address in () if text.strip() in ("", "*") else map(str.strip, text.split(",")):
        try:
            ipaddress.ip_network(address) if "/" in address else ipaddress.ip_address(address)
        except ValueError:
            raise ValueError(
                "must be IP addresses or networks with commas between them, as in "
                f"10.0.0.7,192.168.0.0/16, or * alone for everybody; {address!r} is neither"
            ) from None
    return text.strip()


def _check_public_addresses(text: str) -> str:
    return ",".join(public_origins(text))


def _check_patches(text: str) -> str:
    named_patches(text)
    return text.strip()


_Text = Annotated[str, BeforeValidator(_check_given)]
_Path = Annotated[Path, BeforeValidator(_check_given)]
_Folder = Annotated[_Path, AfterValidator(_check_folder)]


class Settings(BaseSettings):
    """Everything an operator can set. Every field is the variable `JAXERCISE_<NAME>`."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, frozen=True, extra="forbid", hide_input_in_errors=True
    )

    data_dir: _Path = Path("var")
    """Where all state lies: the embedded database, the compilation cache."""
    database_url: Annotated[SecretStr, AfterValidator(_check_database_url)] | None = None
    """`sqlite:///path` or `postgresql+psycopg://user:password@host/name`; unset: SQLite in the data
    folder."""
    secrets_dir: _Folder | None = None
    """A folder of files, each named for a variable in lower case, whose content is its value."""
    database_wait_seconds: float = Field(default=60.0, ge=0, le=3600)
    """How long a start waits for a PostgreSQL that does not take connections yet."""
    host: _Text = "127.0.0.1"
    """Address to listen on."""
    port: int = Field(default=8000, ge=0, le=65535)
    """Port to listen on; 0 takes any free one, and `jaxercise serve` prints which."""
    metrics_port: int | None = Field(default=None, ge=0, le=65535)
    """Where `serve` answers `/readyz` and `/metrics`, and then nowhere else; unset: on its one port."""
    metrics_host: _Text | None = None
    """Address of that port; unset: as `JAXERCISE_HOST`."""
    problems_dir: _Folder = path_of("problems")
    """The folders of problems that are loaded at start."""
    references_dir: _Folder = path_of("reference_solutions")
    """Their answers."""
    sandbox: Literal["jailed", "unjailed"] = "jailed"
    """`unjailed` grades without isolation, which every page and verdict then says: for development, on code
    you trust."""
    jax_patches: Annotated[_Text, AfterValidator(_check_patches)] = "all"
    """Which patches of JAX and Flax jails are given, for speed: `all`, `none`, or names with commas between
    them; one that does not fit what is installed, or that is found to change a result here, is left out."""
    jail_packages: _Text | None = None
    """Further distributions that jails see, with commas between them: those that `packages` of problems need.
    Read from the environment alone."""
    worker: bool = True
    """Whether `serve` grades as well; where not, `jaxercise worker` does, which takes PostgreSQL."""
    worker_name: _Text = Field(default_factory=lambda: socket.gethostname()[:100], max_length=100)
    """What the status page calls this worker; unset: the host's name."""
    worker_port: int | None = Field(default=None, ge=0, le=65535)
    """Where `jaxercise worker` answers `/healthz`, `/readyz` and `/metrics`, on `JAXERCISE_HOST`; unset:
    nowhere."""
    slots: int = Field(default_factory=default_slots, ge=1, le=64)
    """How many submissions are graded at the same time; unset: cores less one, one a GB of memory beyond the
    first, at most 8."""
    reserved_slots: int = Field(default=1, ge=0, le=64)
    """How many of the slots regrades leave to learners, at most all but one; of one slot none is reserved."""
    warm_jails: int = Field(default=8, ge=0, le=1000)
    """How many jails may wait for a learner's next submission, some 100 MB each; 0 for none."""
    keep_free_mb: int = Field(default=1024, ge=0, le=1 << 20)
    """Jails that wait go, the least recently used first, while less memory than this is available."""
    diagnosis_seconds: float = Field(default=20.0, ge=0, le=600)
    """Seconds of a processor that may be used to see what is wrong with a submission before its verdict goes
    out; the rest of the look is made behind it. 0 turns that off."""
    explain_by_mutants: bool = True
    """Whether mutants of each reference are run in the background, minutes a problem and once a version, so
    that a wrong answer that no variant fits can be told by what was done to the reference."""
    queue_limit: int = Field(default=200, ge=1, le=100_000)
    """How many submissions may wait before those who have one waiting are turned away; whoever has none is
    taken in beyond it, and who has solved nothing yet within bounds."""
    waiting_per_user: int = Field(default=10, ge=1, le=10_000)
    """How many of one learner's submissions may wait."""
    sign_up: Literal["open", "invitation", "code"] = "open"
    """Who may sign up: everybody, whoever has an invitation (`jaxercise users invite`), or whoever knows the
    code."""
    sign_up_code: SecretStr | None = Field(default=None, min_length=8, max_length=200)
    """What whoever signs up has to know with `JAXERCISE_SIGN_UP=code`; an invitation does as well."""
    connection_limit: int = Field(default=4096, ge=16, le=1_000_000)
    """How many connections may be open at once, fewer where fewer files may be; of too many the one goes that
    has waited longest for its client."""
    client_seconds: float = Field(default=15.0, ge=0.1, le=3600)
    """How long a client may take for the head of a request, and may pause in its body or in taking an
    answer."""
    request_limit: int = Field(default=256, ge=2, le=100_000)
    """How many requests may be worked on at once, half of them from one network; others get a 503 with
    `Retry-After`."""
    stream_limit: int = Field(default=1000, ge=1, le=100_000)
    """How many event streams may be open at once; a page without one asks every few seconds instead."""
    streams_per_network: int = Field(default=250, ge=1, le=100_000)
    """How many of them one network may have: an IPv4 address, or a /64 of IPv6."""
    streams_per_user: int = Field(default=12, ge=1, le=10_000)
    """How many of them one account may have."""
    session_days: int = Field(default=30, ge=1, le=365)
    """How long a sign-in lasts."""
    drain_seconds: float = Field(default=20.0, ge=0, le=600)
    """How long a stop waits for runs under way; what is left over runs again after the next start."""
    public_addresses: Annotated[str, AfterValidator(_check_public_addresses)] = ""
    """Comma-separated addresses at which browsers reach the service, as in `https://grader.example.org`; a
    request for another `Host` is answered 400, but for health, and from this machine for its own name. Unset:
    any `Host` is answered."""
    trusted_proxies: Annotated[str, AfterValidator(_check_proxies)] = ""
    """Comma-separated addresses and networks whose `X-Forwarded-For` and `X-Forwarded-Proto` headers are
    believed; or `*`."""
    keep_output_days: int = Field(default=0, ge=0, le=36_500)
    """How long what a submission printed is kept; 0: for ever."""
    keep_runs_days: int = Field(default=0, ge=0, le=36_500)
    """How long a draft is kept that was run and not submitted; 0: for ever."""
    environment: Literal["development", "production"] = "development"
    """`production` refuses to start with a development secret or without isolation."""
    log_format: Literal["text", "json"] = "text"
    """`json` for one object a line."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """What is less than this is not logged."""

    @model_validator(mode="after")
    def _check_reserved_slots(self) -> Self:
        # One is the default, and means none on a machine that is good for one slot only.
        if self.reserved_slots > 1 and self.reserved_slots >= self.slots:
            raise ValueError(
                f"{_PREFIX}RESERVED_SLOTS={str(self.reserved_slots)!r} is not allowed: "
                f"with {_PREFIX}SLOTS={self.slots} it must be at most {self.slots - 1}"
            )
        return self

    @model_validator(mode="after")
    def _check_sign_up_code(self) -> Self:
        if self.sign_up == "code" and self.sign_up_code is None:
            raise ValueError(f"{_PREFIX}SIGN_UP='code' is not allowed without {_PREFIX}SIGN_UP_CODE")
        return self

    @property
    def is_distributed(self) -> bool:
        """True where pages and workers may be many processes: with PostgreSQL and its queue."""
        return not self.store_url.startswith("sqlite:")

    @property
    def origins(self) -> tuple[str, ...]:
        """The addresses of `public_addresses`, the first one first; none where it is unset."""
        return public_origins(self.public_addresses)

    @property
    def store_url(self) -> str:
        """The database's URL, with the default filled in."""
        if self.database_url is None:
            return f"sqlite:///{self.data_dir.resolve() / 'jaxercise.db'}"
        return self.database_url.get_secret_value()

    @property
    def is_production(self) -> bool:
        return self.environment == "production"


def read_settings(**overrides: Any) -> Settings:
    """Return the settings of this process.

    `overrides` (from the command line) go before the environment, and that goes before the files in
    JAXERCISE_SECRETS_DIR.

    Raises:
        SettingsError: a value is not allowed, or not in production, or there is no setting of that name;
            names the variable and what is allowed.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    folder = _secrets_folder()
    try:
        _check_names(folder)
        with warnings.catch_warnings():
            # A file that is named for a variable and passed over would be missed by nobody.
            warnings.simplefilter("error")
            settings = Settings(_secrets_dir=folder, **given)
    except ValidationError as refused:
        raise SettingsError("; ".join(_sentence(dict(fault)) for fault in refused.errors())) from None
    except (OSError, UnicodeDecodeError, SettingsFault, UserWarning) as fault:
        raise SettingsError(
            f"{_PREFIX}SECRETS_DIR={str(folder)!r} is not allowed: each file in it that is named for a "
            f"variable must be a text in that folder which the service may read ({_reason(fault)})"
        ) from None
    if settings.is_production:
        check_production(settings)
    return settings


def source_of(name: str) -> str:
    """Return where the value of field `name` comes from: `environment`, a file's path, or `default`."""
    variable = f"{_PREFIX}{name.upper()}"
    if any(given.upper() == variable for given in os.environ):
        return "environment"
    folder = _secrets_folder()
    for file in sorted(folder.iterdir()) if folder is not None else ():
        if file.name.upper() == variable:
            return str(file)
    return "default"


def _secrets_folder() -> Path | None:
    """Return the folder of secrets; where it is none, the field itself is refused, as any other is."""
    # Names of variables are taken in either case, here as by pydantic.
    for name, value in os.environ.items():
        if name.upper() == f"{_PREFIX}SECRETS_DIR" and value.strip() and _is_readable_folder(Path(value)):
            return Path(value)
    return None


def _check_names(folder: Path | None) -> None:
    """Refuse a variable, or a file of secrets, that has our prefix and is no setting.

    Raises:
        SettingsError: says what it is called now, or which setting has the nearest name.
    """
    known = {f"{_PREFIX}{name.upper()}" for name in Settings.model_fields}
    for name, shown in _given_names(folder):
        if name in known:
            continue
        if name in _RENAMED:
            raise SettingsError(f"{shown} is not a setting any more: it is called {_RENAMED[name]} now")
        [nearest] = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.0)
        raise SettingsError(
            f"{shown} is not a setting: the nearest is {nearest}, and `jaxercise settings` shows them all"
        )


def _given_names(folder: Path | None) -> Iterator[tuple[str, str]]:
    """Yield each name that has our prefix, in upper case, and what to call it in a sentence."""
    for name in sorted(os.environ):
        if name.upper().startswith(_PREFIX) and name.upper() not in _NO_SETTINGS:
            yield name.upper(), name
    for file in sorted(folder.iterdir()) if folder is not None else ():
        if file.name.upper().startswith(_PREFIX):
            yield file.name.upper(), f"{file.name} in {_PREFIX}SECRETS_DIR"


def check_production(settings: Settings) -> None:
    """Refuse what is meant for a developer's own machine.

    Raises:
        SettingsError: says what is allowed.
    """
    where = f"{_PREFIX}ENVIRONMENT=production"
    if settings.sandbox != "jailed":
        raise SettingsError(
            f"{_PREFIX}SANDBOX={settings.sandbox} is not allowed with {where}: only jailed is"
        )
    url = settings.store_url
    password = password_of(url)
    if password.lower() in _DEVELOPMENT_SECRETS:
        raise SettingsError(
            f"{_PREFIX}DATABASE_URL is not allowed with {where}: its password is a well-known one; "
            "set one that was drawn at random"
        )
    if not password and is_reached_by_tcp(url) and not proves_itself_otherwise(url):
        raise SettingsError(
            f"{_PREFIX}DATABASE_URL is not allowed with {where}: it has no password; over the network it "
            "needs one, or a passfile, a client certificate or a service file"
        )


def _reason(fault: Exception) -> str:
    """Say why a file cannot be used, without what stands in it."""
    if isinstance(fault, SettingsFault):
        fault = fault.__cause__ if isinstance(fault.__cause__, Exception) else fault
    if isinstance(fault, OSError):
        return f"{fault.filename}: {fault.strerror}"
    return "not UTF-8" if isinstance(fault, UnicodeDecodeError) else str(fault)


def _sentence(fault: dict[str, Any]) -> str:
    """Say which variable has which value, and what is allowed."""
    rule = str(fault["msg"]).removeprefix("Value error, ")
    if not fault["loc"]:
        return rule  # Of two settings together, which it names.
    name = str(fault["loc"][0])
    if name in _SECRET:
        # It is a secret or may hold one, and this sentence ends up in logs.
        return f"{_PREFIX}{name.upper()} is not allowed: it {rule}"
    return f"{_PREFIX}{name.upper()}={str(fault['input'])!r} is not allowed: {rule}"
