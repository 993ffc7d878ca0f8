"""The settings, read once from JAXERCISE_* variables and handed down from there."""

import os
import socket
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.errors import SettingsError

_PREFIX = "JAXERCISE_"
_CHECKOUT = Path(__file__).resolve().parent.parent
_SCHEMES = ("sqlite:///", "postgresql+psycopg://")


def _check_database_url(url: str) -> str:
    if not url.startswith(_SCHEMES):
        raise ValueError(f"must start with {' or '.join(_SCHEMES)}")
    return url


def _check_folder(path: Path) -> Path:
    if not path.is_dir():
        raise ValueError("must be a folder that exists")
    return path


def _default_slots() -> int:
    """One run a core, but leave a core for the pages where there is more than one."""
    return max(1, min(8, (os.cpu_count() or 2) - 1))


class Settings(BaseSettings):
    """Everything an operator can set. Every field is the variable `JAXERCISE_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, frozen=True, extra="forbid")

    data_dir: Path = Path("var")
    """Where all state lives: the embedded database, the compilation cache."""
    database_url: Annotated[str, AfterValidator(_check_database_url)] | None = None
    """`sqlite:///path` or `postgresql+psycopg://user:password@host/name`; unset: SQLite in `data_dir`."""
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    """0 takes any free port; `jaxercise serve` prints which."""
    problems_dir: Annotated[Path, AfterValidator(_check_folder)] = _CHECKOUT / "problems"
    references_dir: Annotated[Path, AfterValidator(_check_folder)] = _CHECKOUT / "reference_solutions"
    sandbox: Literal["jailed", "unjailed"] = "jailed"
    """`unjailed` runs submissions without isolation: for development, on code you trust."""
    worker: bool = True
    """Whether `serve` grades as well; where not, `jaxercise worker` does, which takes PostgreSQL."""
    worker_name: str = Field(default_factory=lambda: socket.gethostname()[:100], max_length=100)
    """What the status page calls this worker."""
    worker_port: int | None = Field(default=None, ge=0, le=65535)
    """Where `jaxercise worker` answers /healthz, /readyz and /metrics, on `host`; unset: nowhere."""
    slots: int = Field(default_factory=_default_slots, ge=1, le=64)
    """How many submissions are graded at the same time."""
    kept_slots: int = Field(default=1, ge=0, le=64)
    """How many of them are kept for learners while regrades wait; of one slot none is."""
    rehearsed: int = Field(default=8, ge=0, le=1000)
    """How many jails may wait for a learner's next submission, some 90 MB each; 0 for none."""
    keep_free_mb: int = Field(default=1024, ge=0, le=1 << 20)
    """Jails that wait go, the least recently used first, while less memory than this is available."""
    diagnosis_seconds: float = Field(default=20.0, ge=0, le=600)
    """How long a wrong submission may be looked into for what is wrong with it; 0 for not at all."""
    queue_limit: int = Field(default=200, ge=1, le=100_000)
    """How many submissions may wait before new ones are turned away."""
    waiting_per_user: int = Field(default=10, ge=1, le=10_000)
    """How many of one learner's submissions may wait."""
    session_days: int = Field(default=30, ge=1, le=365)
    drain_seconds: float = Field(default=20.0, ge=0, le=600)
    """How long a stop waits for runs under way; what is left over runs again after the next start."""
    trusted_proxies: str = ""
    """Comma-separated addresses whose X-Forwarded-For and -Proto headers are believed."""
    keep_output_days: int = Field(default=0, ge=0, le=36_500)
    """How long what a submission printed is kept; 0: for ever."""
    keep_runs_days: int = Field(default=0, ge=0, le=36_500)
    """How long a draft is kept that was run and not submitted; 0: for ever."""
    environment: Literal["development", "production"] = "development"
    """`production` refuses to start with a development secret or without isolation."""
    log_format: Literal["text", "json"] = "text"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @property
    def is_distributed(self) -> bool:
        """Whether pages and workers may be many processes: PostgreSQL and its queue."""
        return not self.store_url.startswith("sqlite:")

    @property
    def store_url(self) -> str:
        """The database's URL, with the default filled in."""
        return self.database_url or f"sqlite:///{self.data_dir.resolve() / 'jaxercise.db'}"


def read_settings(**overrides: Any) -> Settings:
    """The settings of this process; `overrides` (from the command line) go before the environment.

    Raises:
        SettingsError: a value is not allowed; names the variable and what is allowed.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as refused:
        raise SettingsError("; ".join(_sentence(dict(fault)) for fault in refused.errors())) from None


def _sentence(fault: dict[str, Any]) -> str:
    name = str(fault["loc"][0])
    rule = str(fault["msg"]).removeprefix("Value error, ")
    if name == "database_url":
        # It may hold a password, and this sentence ends up in logs.
        return f"{_PREFIX}{name.upper()} is not allowed: it {rule}"
    return f"{_PREFIX}{name.upper()}={str(fault['input'])!r} is not allowed: {rule}"
