"""The status page, and the same from the API: for admins."""

import html
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import update

from app.core.service_status import QueueFigures, ServiceStatus, ServiceVersions, WorkerState, WorkerStatus
from app.errors import ProblemError
from app.http.services import put_services
from app.metrics.status_report import StatusReport
from app.store import tables
from app.store.engine import migrate
from app.store.engine.database import Database
from app.store.queries import workers
from app.web.status_page import concerns
from tests.support.scripted_service import PASSWORD, Service, code, scripted_service
from tests.support.small_problem import small_problem, write_problem

pytestmark = pytest.mark.anyio

_ROW = workers.WorkerRow(
    id="1",
    name="lab-1",
    host="lab.test",
    pid=7,
    slots=3,
    state=WorkerState.GRADING,
    running=2,
    message="12 of 50 problems are <proven>",
    environment={
        "jax": "0.10.2",
        "fingerprint": "abc123",
        "slowdown_computing": "1.2",
        "slowdown_compiling": "0.9",
        "calibration": "measured since the last boot",
    },
    versions=("a", "b"),
)


def database_of(service: Service) -> Database:
    return service.services.status_report._database


async def put(service: Service, row: workers.WorkerRow = _ROW, unseen_seconds: float = 0.0) -> None:
    async with database_of(service).transaction() as connection:
        await workers.put_worker(connection, row)
        [seen] = [one.seen_at for one in await workers.list_workers(connection) if one.id == row.id]
        change = update(tables.workers).where(tables.workers.c.id == row.id)
        await connection.execute(change.values(seen_at=seen - timedelta(seconds=unseen_seconds)))


async def fail(service: Service, submission_id: str, failures: int) -> None:
    change = update(tables.jobs).where(tables.jobs.c.subject == submission_id)
    async with database_of(service).transaction() as connection:
        await connection.execute(change.values(failures=failures))


async def test_only_an_admin_sees_the_status(tmp_path: Path) -> None:
    """A guest is sent to sign in, a learner is told that it is not for them, and neither sees a link."""
    async with scripted_service(tmp_path) as service:
        assert (await service.client.get("/status")).headers["location"] == "/sign-in?next=%2Fstatus"
        assert code(await service.client.get("/api/v1/status")) == "not_signed_in"
        await service.sign_up()
        assert (await service.client.get("/status")).status_code == 200
        assert 'href="/status"' in (await service.client.get("/")).text
        await service.sign_up("learner@school.test")
        page = await service.client.get("/status")
        assert (page.status_code, "Not for this account" in page.text) == (403, True)
        assert code(await service.client.get("/api/v1/status")) == "not_allowed"
        assert 'href="/status"' not in (await service.client.get("/")).text


async def test_workers_queue_versions_and_refused_problems_are_reported(tmp_path: Path) -> None:
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        await put(service)
        await put(
            service, msgspec.structs.replace(_ROW, id="2", name="lab-2", message=""), unseen_seconds=200
        )
        report = StatusReport(database_of(service), [ProblemError("a/b.toml: <bad>")])
        put_services(service.app, msgspec.structs.replace(service.services, status_report=report))
        reported = (await service.client.get("/api/v1/status")).json()
        page = (await service.client.get("/status")).text
    mine = {one["name"]: one for one in reported["workers"]}
    assert mine["lab-1"]["proven"] == 2
    assert mine["lab-1"]["environment"]["jax"] == "0.10.2"
    assert mine["lab-2"]["unseen_seconds"] >= 200
    assert reported["queue"]["waiting_interactive"] == 0
    assert reported["versions"]["schema"] == migrate.head()
    assert reported["refused_problems"] == ["a/b.toml: <bad>"]
    for shown in ("lab-1", "2 of 3", "abc123", "0.10.2", "12 of 50 problems are &lt;proven&gt;"):
        assert shown in page
    assert "Limits: 1.2 times for computing, 0.9 for compiling (measured since the last boot)." in page
    assert "Lost" in page
    assert "3 min ago" in page
    assert "a/b.toml: &lt;bad&gt;" in page
    assert "One worker is lost." in page


async def test_the_last_failures_are_listed_newest_first_without_code(tmp_path: Path) -> None:
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        first, second, third = [(await service.submit(f"x = {n}  # mine"))["id"] for n in range(3)]
        for one in (first, second, third):
            await service.verdict(one)
        await fail(service, first, 1)
        await fail(service, third, 2)
        answer = await service.client.get("/api/v1/status")
        page = (await service.client.get("/status")).text
    failures = answer.json()["failures"]
    assert [(one["id"], one["failures"], one["outcome"]) for one in failures] == [
        (third, 2, "accepted"),
        (first, 1, "accepted"),
    ]
    assert "mine" not in answer.text
    assert page.index(f"/submissions/{third}") < page.index(f"/submissions/{first}")
    assert f"/submissions/{second}" not in page


def a_status(*rows: workers.WorkerRow, unseen_seconds: float = 0.0) -> ServiceStatus:
    listed = msgspec.convert(
        [
            {
                **msgspec.to_builtins(row),
                "proven": len(row.versions),
                "started_at": "2026-11-21T00:00:00Z",
                "seen_at": "2026-11-21T00:00:00Z",
                "unseen_seconds": unseen_seconds,
            }
            for row in rows
        ],
        tuple[WorkerStatus, ...],
    )
    return ServiceStatus(
        workers=listed,
        queue=QueueFigures(
            waiting_interactive=0,
            waiting_bulk=0,
            running=0,
            oldest_interactive_seconds=0.0,
            oldest_bulk_seconds=0.0,
        ),
        failures=(),
        versions=ServiceVersions(jaxercise="1", schema="1", python="3"),
        refused_problems=(),
    )


async def test_every_fault_of_a_folder_has_a_line_of_its_own(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """On the page, in the API and in the log; a warning stands in the log, and its problem is on offer."""
    write_problem(small_problem(), tmp_path)
    files = small_problem("treble", position=2)
    files["problem.toml"] = files["problem.toml"].replace(b"title =", b"titel =")
    files["starter.py"] = b"def treble(x)\n"
    write_problem(files, tmp_path)
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        credentials = {"email": "admin@school.test", "password": PASSWORD}
        await service.client.post("/api/v1/session", json=credentials)
        refused = (await service.client.get("/api/v1/refused-problems")).json()["refused"]
        page = html.unescape((await service.client.get("/status")).text)
        assert (await service.client.get("/problems/double")).status_code == 200
    reported = [
        "2-treble/problem.toml:4: titel: there is no such key; did you mean `title`?",
        "2-treble/starter.py:1: is no Python: expected ':'",
    ]
    assert refused == reported
    for line in reported:
        assert f"<li>{line}</li>" in page
        assert f"problem refused: {line}" in caplog.messages
    assert any(said.startswith("problem on offer, but: 1-double/variants/: ") for said in caplog.messages)


async def test_a_copy_does_not_take_a_problem_over_while_the_original_is_incomplete(tmp_path: Path) -> None:
    """The service remembers whose id it was, though nothing of the copy is as it was."""
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        sent = await service.submit("x")
    original = tmp_path / "problems/1-double"
    files = small_problem("treble", position=2, statement="Three of everything.\n")
    first_line = (original / "problem.toml").read_text().partition("\n")[0].encode()
    files["problem.toml"] = first_line + b"\n" + files["problem.toml"].partition(b"\n")[2]
    files["reference/reference.py"] = b"def double(x):\n    return 2 * x\n"
    write_problem(files, tmp_path)
    (original / "problem.toml").unlink()
    async with scripted_service(tmp_path) as service:
        credentials = {"email": "admin@school.test", "password": PASSWORD}
        assert (await service.client.post("/api/v1/session", json=credentials)).status_code == 200
        assert (await service.client.get("/problems/treble")).status_code == 404
        assert (await service.client.get("/problems/double")).status_code == 200
        submission = (await service.client.get(f"/api/v1/submissions/{sent['id']}")).json()
        assert submission["problem"] == "double"
        page = html.unescape((await service.client.get("/status")).text)
    assert "2-treble/problem.toml:1: id:" in page
    assert "seems to be the id of 1-double, which has no problem.toml with an id" in page
    assert "1-double/problem.toml: the file is missing" in page


def test_an_admin_sees_what_to_look_at() -> None:
    """And nothing where all is well."""
    other = msgspec.structs.replace(_ROW, environment={"fingerprint": "def456"})
    starting = msgspec.structs.replace(_ROW, state=WorkerState.STARTING, environment={})
    assert concerns(a_status(_ROW, starting)) == []
    assert concerns(a_status()) == ["Nobody grades: submissions are taken and wait."]
    assert len(concerns(a_status(starting))) == 1
    assert "2 different environments" in concerns(a_status(_ROW, other))[0]
    assert concerns(a_status(_ROW, _ROW, unseen_seconds=60.0))[1] == "2 workers are lost."
    slower = {**_ROW.environment, "jax_patches_left_out": "ir_context: it changes scan"}
    [said] = concerns(a_status(msgspec.structs.replace(_ROW, environment=slower)))
    assert "go without patches of JAX (ir_context: it changes scan)" in said
