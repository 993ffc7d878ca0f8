"""How every log of a process is written: lines for people, or one JSON object a line.

All loggers, of libraries too, end in one handler on stderr, which repeats no complaint within a second. What
it writes holds no password of the database and none of the values that a statement was given, such as a
learner's code.
"""

import logging
import re
import sys
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Literal
from urllib.parse import quote

from procrastinate.exceptions import ConnectorException
from psycopg import OperationalError
from pythonjsonlogger.core import LogData
from pythonjsonlogger.json import JsonFormatter

from app.cli.serving.repeated_logs import OncePerSecond
from app.core.database_url import password_of
from app.core.log_context import submission_of_log
from app.settings import Settings

_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
ProcessName = Literal["web", "worker"]

_HIDDEN = "…"
_SHORTEST = 6
_TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
# What they say at `info` is of use to nobody who did not write them.
_CHATTY = ("alembic", "procrastinate", "psycopg", "psycopg.pool", "uvicorn", "asyncio", "httpx")
_QUEUE = ("procrastinate", "psycopg")
_AFTER_DETAIL = r"(?:HINT|CONTEXT):|\[SQL|\(Background|\nThe above exception|\nDuring handling"
_PATTERNS = (
    # The password of an address: postgresql+psycopg://user:password@host/name.
    (re.compile(r"(://[^\s:/@]*:)\S*(@)"), rf"\1{_HIDDEN}\2"),
    (re.compile(r"(\bpassword\s*=\s*)('[^']*'|\"[^\"]*\"|[^\s&;,]+)", re.IGNORECASE), rf"\1{_HIDDEN}"),
    # PostgreSQL repeats the values of a row that it refuses, and SQLAlchemy those of a statement.
    (re.compile(rf"(DETAIL:\s+)[^\n]*(?:\n(?!{_AFTER_DETAIL})[^\n]*)*"), rf"\1{_HIDDEN}"),
    (re.compile(r"(\[parameters: ).*?\](?=\n|$)", re.DOTALL), rf"\1{_HIDDEN}]"),
)


def set_up_logs(settings: Settings, process: ProcessName) -> None:
    """Set up all logs from now on, in place of what was before; each JSON object names `process`.

    Warnings and an exception that ends the process are logged as well, so that a collector finds those too.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_without_traces_of_outages)
    handler.addFilter(OncePerSecond())
    secrets = _Secrets(settings)
    if settings.log_format == "json":
        worker = settings.worker_name if settings.worker or process == "worker" else ""
        handler.setFormatter(_JsonLines(secrets, process=process, worker=worker))
    else:
        handler.setFormatter(_TextLines(secrets))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    for logger in map(logging.getLogger, list(root.manager.loggerDict)):
        # Some libraries, uvicorn for one, would like to write their own way.
        logger.handlers.clear()
        logger.propagate = True
    logging.captureWarnings(True)
    sys.excepthook = _log_the_end


class _Secrets:
    """What may not be in any log, and is taken out of every text."""

    def __init__(self, settings: Settings) -> None:
        password = password_of(settings.store_url)
        # Too short a one would be found in ordinary words; production refuses such a password anyway.
        self._passwords = {password, quote(password, safe="")} if len(password) >= _SHORTEST else set()

    def hide(self, text: str) -> str:
        for pattern, shown in _PATTERNS:
            text = pattern.sub(shown, text)
        for password in self._passwords:
            text = text.replace(password, _HIDDEN)
        return text


class _TextLines(logging.Formatter):
    """For people; the submission's id stands before the message where the message does not name it."""

    def __init__(self, secrets: _Secrets) -> None:
        super().__init__(_TEXT)
        self._secrets = secrets

    def formatMessage(self, record: logging.LogRecord) -> str:
        submission = submission_of_log()
        if submission is not None and submission not in record.message:
            record.message = f"[{submission}] {record.message}"
        return self._secrets.hide(super().formatMessage(record))

    def formatException(self, ei: _ExcInfo) -> str:
        return self._secrets.hide(super().formatException(ei))


class _JsonLines(JsonFormatter):
    """Objects with `time`, `level`, `logger`, `message` and `process`.

    Where there are, `worker`, `submission` and `exception` as well.
    """

    def __init__(self, secrets: _Secrets, *, process: ProcessName, worker: str) -> None:
        super().__init__(json_ensure_ascii=False)
        self._secrets = secrets
        self._process = process
        self._worker = worker

    def add_fields(self, log_data: LogData, record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        log_data["time"] = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        log_data["level"] = record.levelname.lower()
        log_data["logger"] = record.name
        log_data["message"] = self._secrets.hide(record.getMessage())
        log_data["process"] = self._process
        if self._worker:
            log_data["worker"] = self._worker
        if submission := submission_of_log():
            log_data["submission"] = submission
        if record.exc_info:
            trace = str(self.formatException(record.exc_info))
            log_data["exception"] = self._secrets.hide(trace)


def _without_traces_of_outages(record: logging.LogRecord) -> bool:
    """Make one sentence of an outage: where in the queue's library it was noticed helps nobody."""
    if record.name.split(".")[0] in _QUEUE and record.exc_info:
        error = record.exc_info[1]
        if isinstance(error, ConnectorException | OperationalError):
            reason = str(error.__cause__ or error).strip().split("\n")[0]
            record.msg, record.args = f"{record.getMessage()} ({reason or type(error).__name__})", None
            record.exc_info = record.exc_text = None
    return True


def _log_the_end(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("jaxercise").critical("the process ends", exc_info=(kind, error, trace))
