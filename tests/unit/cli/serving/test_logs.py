"""One handler for all logs: a submission's id in each line, and no secret in any."""

import asyncio
import json
import logging
import sys
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from procrastinate.exceptions import ConnectorException
from psycopg import OperationalError

from app.cli.serving.logs import set_up_logs
from app.core.log_context import submission_in_log
from app.settings import Settings, read_settings

_PASSWORD = "Kq7/vv20:pLm"
_URL = f"postgresql+psycopg://jaxercise:{_PASSWORD.replace('/', '%2F').replace(':', '%3A')}@db/jaxercise"


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Setting logs up changes the whole process."""
    root = logging.getLogger()
    handlers, level, hook = root.handlers[:], root.level, sys.excepthook
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    sys.excepthook = hook
    logging.captureWarnings(False)


def settings(**chosen: Any) -> Settings:
    return read_settings(database_url=_URL, worker_name="lab-1", **chosen)


def logged(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Every line of stderr is one object."""
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_json_line_says_when_who_and_what(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs(settings(log_format="json"), "worker")
    logging.getLogger("jaxercise.worker").info("taken %s", "ü")
    [reported] = logged(capsys)
    moment = datetime.fromisoformat(reported.pop("time"))
    assert abs((datetime.now(UTC) - moment).total_seconds()) < 60
    assert reported == {
        "level": "info",
        "logger": "jaxercise.worker",
        "message": "taken ü",
        "process": "worker",
        "worker": "lab-1",
    }


def test_pages_without_a_worker_name_none(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs(settings(log_format="json", worker=False), "web")
    logging.getLogger("jaxercise").info("hello")
    [reported] = logged(capsys)
    assert reported["process"] == "web"
    assert "worker" not in reported


def test_whatever_runs_for_a_submission_carries_its_id(capsys: pytest.CaptureFixture[str]) -> None:
    """In tasks that it starts as well, and nowhere else, though others run beside it."""
    set_up_logs(settings(log_format="json"), "web")
    log = logging.getLogger("somewhere.deep")

    async def deep(name: str) -> None:
        await asyncio.sleep(0)
        log.info("of %s", name)

    async def run(name: str) -> None:
        with submission_in_log(name):
            await asyncio.create_task(deep(name))
        log.info("after")

    async def both() -> None:
        await asyncio.gather(run("aa"), run("bb"))

    asyncio.run(both())
    reported = logged(capsys)
    assert {(one["message"], one.get("submission")) for one in reported} == {
        ("of aa", "aa"),
        ("of bb", "bb"),
        ("after", None),
    }


def test_a_task_that_outlives_its_submission_no_longer_speaks_of_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A jail's keeper, say, that one submission happened to start."""
    set_up_logs(settings(log_format="json"), "worker")

    async def go_on(over: asyncio.Event) -> None:
        logging.getLogger("sandbox").info("begins")
        await over.wait()
        logging.getLogger("sandbox").info("goes on")

    async def run() -> None:
        over = asyncio.Event()
        with submission_in_log("aa"):
            keeper = asyncio.create_task(go_on(over))
            await asyncio.sleep(0)
        over.set()
        await keeper

    asyncio.run(run())
    assert [(one["message"], one.get("submission")) for one in logged(capsys)] == [
        ("begins", "aa"),
        ("goes on", None),
    ]


def test_text_for_people_names_the_submission_once(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs(settings(), "web")
    with submission_in_log("c0ffee"):
        logging.getLogger("jaxercise").info("graded")
        logging.getLogger("jaxercise").info("submission c0ffee was taken")
    first, second = capsys.readouterr().err.splitlines()
    assert first.endswith("INFO jaxercise: [c0ffee] graded")
    assert second.endswith("INFO jaxercise: submission c0ffee was taken")


@pytest.mark.parametrize("log_format", ["text", "json"])
@pytest.mark.parametrize(
    "said",
    [
        f"cannot connect to {_URL}",
        "cannot connect to postgresql+psycopg://other:an0ther-Kq7@/x?host=db",
        f"connection parameters: host=db user=jaxercise password={_PASSWORD} dbname=x",
        f"password = '{_PASSWORD}'",
        f"it is {_PASSWORD} itself",
        "new row violates it\nDETAIL:  Failing row contains (1, def f():\n    return Kq7, 3).\nHINT: x",
        "IntegrityError\n[SQL: INSERT INTO x VALUES (?)]\n[parameters: ('def f(): [Kq7]', 1)]\n(Background",
    ],
)
def test_no_secret_and_no_learners_code_is_logged(
    capsys: pytest.CaptureFixture[str], log_format: str, said: str
) -> None:
    """Neither in a message nor in the traceback of an exception that says it."""
    set_up_logs(settings(log_format=log_format), "web")
    try:
        raise ValueError(said)
    except ValueError:
        logging.getLogger("sqlalchemy").exception("failed: %s", said)
    shown = capsys.readouterr().err
    assert "Kq7" not in shown
    assert "ValueError" in shown
    assert "…" in shown


def test_a_traceback_stands_in_its_own_field(capsys: pytest.CaptureFixture[str]) -> None:
    """So that it is one line, and one event to whoever collects it."""
    set_up_logs(settings(log_format="json"), "web")
    try:
        raise KeyError("x")
    except KeyError:
        logging.getLogger("jaxercise").exception("broken")
    [reported] = logged(capsys)
    assert reported["exception"].startswith("Traceback")
    assert reported["exception"].endswith("KeyError: 'x'")


def test_warnings_and_what_ends_the_process_are_logged_too(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs(settings(log_format="json"), "web")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(False)
        logging.captureWarnings(True)
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    sys.excepthook(OSError, OSError(f"lost {_URL}"), None)
    warned, ended = logged(capsys)
    assert (warned["level"], warned["logger"]) == ("warning", "py.warnings")
    assert ended["level"] == "critical"
    assert "OSError: lost postgresql+psycopg://jaxercise:…@db" in ended["exception"]


def test_libraries_write_the_same_way(capsys: pytest.CaptureFixture[str]) -> None:
    """What they set up for themselves is undone; what they say at `info` is left out."""
    own = logging.getLogger("uvicorn.error")
    own.addHandler(logging.StreamHandler(sys.stderr))
    own.propagate = False
    set_up_logs(settings(log_format="json"), "web")
    for name in ("uvicorn.error", "alembic.runtime.migration", "procrastinate.worker"):
        logging.getLogger(name).info("not of interest")
        logging.getLogger(name).warning("of interest")
    assert [(one["logger"], one["message"]) for one in logged(capsys)] == [
        ("uvicorn.error", "of interest"),
        ("alembic.runtime.migration", "of interest"),
        ("procrastinate.worker", "of interest"),
    ]


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_an_outage_is_one_line_and_a_fault_keeps_its_trace(
    capsys: pytest.CaptureFixture[str], log_format: str
) -> None:
    """The queue's library tells each statement that an outage cost it, with where in itself that was."""
    set_up_logs(settings(log_format=log_format), "worker")
    queue = logging.getLogger("procrastinate.worker.worker")
    try:
        try:
            raise OperationalError("connection failed: 100% gone\nIs the server running?")
        except OperationalError as away:
            raise ConnectorException("Database error.") from away
    except ConnectorException as missed:
        queue.error("poll of %s", "aborts", exc_info=missed)
    [line] = capsys.readouterr().err.splitlines()
    assert "poll of aborts (connection failed: 100% gone)" in line
    assert "Traceback" not in line
    try:
        raise KeyError("a bug")
    except KeyError as bug:
        queue.error("poll of %s", "aborts", exc_info=bug)
    assert "Traceback" in capsys.readouterr().err
