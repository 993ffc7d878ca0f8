"""What grading leaves for operators: counters, a line at each step, and a place in the list of workers."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from app.catalog.problem_folder import read_problem
from app.core.log_context import submission_of_log
from app.core.problem import Problem
from app.errors import ReferenceFailed
from app.store import tables
from app.store.engine.database import Database
from app.store.engine.open import open_database
from app.store.problems import Problems
from app.store.queries import workers
from app.worker.prewarm import keep_prepared, prepare_problems
from app.worker.retention import Retention
from tests.support.scripted_grader import ScriptedGrader
from tests.support.scripted_service import Service, scripted_service, until
from tests.support.small_problem import small_problem

pytestmark = pytest.mark.anyio


@contextmanager
def lines_of(submission: list[str]) -> Iterator[list[str]]:
    """What is logged for the submission whose id is put into the list, as the log's handler sees it."""
    seen: list[tuple[str | None, str]] = []
    reported: list[str] = []

    class Remember(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.append((submission_of_log(), record.getMessage()))

    log, handler = logging.getLogger("jaxercise"), Remember()
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield reported
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
        reported.extend(message for id, message in seen if id is not None and id in submission)


async def metrics_of(service: Service) -> str:
    return (await service.client.get("/metrics")).text


async def test_each_step_of_a_submission_is_logged_with_its_id(tmp_path: Path) -> None:
    """Taken in, taken up with its attempt, a failure, taken up again, the verdict with its seconds."""
    ids: list[str] = []
    with lines_of(ids) as reported:
        async with scripted_service(tmp_path) as service:
            await service.sign_up()
            ids.append((await service.submit("outcome time_limit", mode="run"))["id"])
            await service.verdict(ids[0])
            ids.append((await service.submit("break"))["id"])
            await service.verdict(ids[1])
    assert reported[:3] == [
        "taken in: run at double",
        "taken up: attempt 1 at double",
        "verdict: time_limit after 0.00 s",
    ]
    assert [line.split(":")[0] for line in reported[3:]] == [
        "taken in",
        *["taken up", f"attempt 1 at submission {ids[1]} failed"],
        *["taken up", f"attempt 2 at submission {ids[1]} failed"],
        *["taken up", f"attempt 3 at submission {ids[1]} failed"],
        "verdict",
    ]


async def test_stages_and_failures_of_ours_are_counted(tmp_path: Path) -> None:
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        for wish in ("x", "break"):
            await service.verdict((await service.submit(wish))["id"])
        reported = await metrics_of(service)
    assert "jaxercise_failures_total 3.0" in reported
    # A submission waits once, however many attempts it takes.
    assert 'jaxercise_grading_stage_seconds_count{stage="waiting"} 2.0' in reported
    assert 'jaxercise_grading_stage_seconds_count{stage="storing"} 2.0' in reported
    assert 'jaxercise_verdicts_total{outcome="internal_error"} 1.0' in reported


async def test_what_is_turned_away_is_counted_by_why(tmp_path: Path) -> None:
    async with scripted_service(tmp_path, queue_limit=2, waiting_per_user=2) as service:
        await service.sign_up()
        await service.submit("wait 60")
        await until(lambda: service.grader.graded == ["wait 60"])
        await service.submit("x")
        await service.submit("x")
        address = "/api/v1/problems/double/submissions"
        assert (await service.client.post(address, json={"code": "x"})).status_code == 429
        # For who has nothing waiting there is room.
        await service.sign_up("second@school.test")
        await service.submit("x")
        assert (await service.client.post(address, json={"code": "x"})).status_code == 429
        reported = await metrics_of(service)
    assert 'jaxercise_submissions_refused_total{reason="learner_limit"} 1.0' in reported
    assert 'jaxercise_submissions_refused_total{reason="queue_full"} 1.0' in reported
    assert 'jaxercise_submissions_waiting{priority="interactive"} 3.0' in reported
    assert "jaxercise_submissions_running 1.0" in reported


async def test_the_service_is_listed_among_the_workers_while_it_grades(tmp_path: Path) -> None:
    """With the environment that its verdicts carry, and its fingerprint."""
    async with scripted_service(tmp_path, worker_name="lab-1") as service:
        await service.sign_up()
        await service.ready()
        async with asyncio.timeout(60):
            while True:
                [listed] = (await service.client.get("/api/v1/status")).json()["workers"]
                if listed["proven"]:
                    break
                await asyncio.sleep(0.05)
        database_url = service.settings.store_url
    assert (listed["name"], listed["state"], listed["proven"]) == ("lab-1", "grading", 1)
    assert listed["environment"]["grader"] == "scripted"
    assert listed["environment"]["fingerprint"]
    async with open_database(database_url) as database, database.reading() as connection:
        assert await workers.list_workers(connection) == []


async def test_a_problem_that_cannot_be_prepared_is_not_proven_and_is_named(tmp_path: Path) -> None:
    class Unfit(ScriptedGrader):
        async def prepare_reference(self, problem: Problem) -> None:
            if problem.slug == "double":
                raise ReferenceFailed

    reported: list[tuple[tuple[str, ...], str]] = []
    async with open_database(f"sqlite:///{tmp_path / 'test.db'}") as database:
        problems = Problems(database, read_problem)
        await problems.publish(small_problem())
        good = await problems.publish(small_problem("treble", position=2))
        await prepare_problems(Unfit(), problems, lambda versions, words: reported.append((versions, words)))
    assert reported[0] == ((), "It computes expected answers: 1 of 2 problems.")
    assert reported[-1] == ((good.version,), "It cannot prepare double; see its log.")


async def test_a_problem_that_is_published_later_is_prepared_too(tmp_path: Path) -> None:
    """A worker may start before the pages have published anything, and lives through many versions."""
    proven: list[tuple[str, ...]] = []
    async with open_database(f"sqlite:///{tmp_path / 'test.db'}") as database:
        problems = Problems(database, read_problem)
        keeping = asyncio.create_task(
            keep_prepared(
                ScriptedGrader(),
                problems,
                lambda versions, words: proven.append(versions),
                look_seconds=0.01,
            )
        )
        await until(lambda: proven == [()])
        first = await problems.publish(small_problem())
        await until(lambda: proven[-1] == (first.version,))
        second = await problems.publish(small_problem("treble", position=2))
        await until(lambda: proven[-1] == (first.version, second.version))
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)


async def test_a_page_says_that_its_output_was_removed(tmp_path: Path) -> None:
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        submission = (await service.submit("print something-secret"))["id"]
        await service.verdict(submission)
        assert "something-secret" in (await service.client.get(f"/submissions/{submission}")).text
        database = Database(service.settings.store_url)
        change = update(tables.submissions).values(finished_at=datetime.now(UTC) - timedelta(days=40))
        async with database.transaction() as connection:
            await connection.execute(change)
        await Retention(database, keep_output_days=30, keep_runs_days=0).clean()
        await database.close()
        page = (await service.client.get(f"/submissions/{submission}")).text
        verdict = await service.verdict(submission)
    assert "was removed after 30 days" in page
    assert (verdict["stdout"], verdict["output_kept_days"]) == ("", 30)
