"""What an operator of several processes sees: logs, metrics and the status, from pages and worker alike."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.postgres import PostgresServer
from tests.support.real_service import RunningService, real_service, real_worker
from tests.support.small_problem import small_problem, write_problem

pytestmark = [pytest.mark.jail, pytest.mark.postgresql]

_PASSWORD = "Kq7vv20pLm"


@pytest.fixture
def settings(tmp_path: Path, postgres: PostgresServer) -> dict[str, str]:
    write_problem(small_problem(), tmp_path)
    return {
        # A socket asks for no password, and so it does no harm to send one.
        "database_url": postgres.new_database().replace("jaxercise@", f"jaxercise:{_PASSWORD}@"),
        "environment": "production",
        "problems_dir": str(tmp_path / "problems"),
        "references_dir": str(tmp_path / "references"),
        "log_format": "json",
        "slots": "1",
        "warm_jails": "0",
        "worker_name": "lab-1",
    }


@pytest.fixture
def browser() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=120) as client:
        yield client


def logged(process: RunningService, **fields: str) -> list[dict[str, Any]]:
    """The lines of its log that have these fields; every line of the log is one JSON object."""
    lines = [json.loads(line) for line in process.printed if line.startswith("{")]
    return [line for line in lines if fields.items() <= line.items()]


def has_ended(worker: RunningService, submission: str, outcome: str) -> bool:
    lines = logged(worker, submission=submission)
    return any(line["message"].startswith(f"verdict: {outcome} after") for line in lines)


def until(condition: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.1)
    raise AssertionError(f"never: {what}")


def test_a_submission_is_followed_through_all_processes(
    tmp_path: Path, settings: dict[str, str], browser: httpx.Client
) -> None:
    """By its id in the logs, by counters of the worker, by figures that either process reports.

    And the worker leaves the list when it stops.
    """
    with real_service(tmp_path / "web", worker="false", **settings) as web:
        body = {"email": "a@school.test", "password": "correct horse battery"}
        signed_up = browser.post(f"{web.address}/api/v1/accounts", json=body)
        assert "Secure" in signed_up.headers["set-cookie"]
        token = {"cookie": signed_up.headers["set-cookie"].partition(";")[0]}

        def status() -> Any:
            return browser.get(f"{web.address}/api/v1/status", headers=token).json()

        def metrics(process: RunningService) -> str:
            return browser.get(f"{process.address}/metrics").text

        def submit(code: str) -> str:
            address = f"{web.address}/api/v1/problems/double/submissions"
            return str(browser.post(address, json={"code": code}, headers=token).json()["id"])

        assert status()["workers"] == []
        with real_worker(tmp_path / "worker", **settings) as worker:
            assert browser.get(f"{worker.address}/healthz").status_code == 200
            until(lambda: browser.get(f"{worker.address}/readyz").status_code == 200, "ready")
            submission = submit("def double(x):\n    return x + x  # learners-own\n")
            wrong = submit("def double(x):\n    return x  # learners-own\n")
            until(lambda: has_ended(worker, submission, "accepted"), "a verdict")
            until(lambda: has_ended(worker, wrong, "wrong_value"), "a verdict")
            [listed] = until(lambda: [one for one in status()["workers"] if one["proven"]], "proven")
            of_worker, of_web = metrics(worker), metrics(web)
            assert worker.terminate() == 0
            assert status()["workers"] == []
        [taken] = logged(web, submission=submission)
        assert (taken["process"], taken["message"]) == ("web", "taken in: submit at double")
        said = logged(worker, submission=submission)
        assert {(line["process"], line["worker"]) for line in said} == {("worker", "lab-1")}
        assert said[0]["message"] == "taken up: attempt 1 at double"
        for process in (web, worker):
            printed = "".join(process.printed)
            assert _PASSWORD not in printed
            assert "learners-own" not in printed
    assert (listed["name"], listed["state"], listed["slots"]) == ("lab-1", "grading", 1)
    assert listed["environment"]["fingerprint"]
    assert 'jaxercise_verdicts_total{outcome="accepted"} 1.0' in of_worker
    for stage, count in (("waiting", 2), ("running", 2), ("diagnosis", 1), ("storing", 2)):
        assert f'jaxercise_grading_stage_seconds_count{{stage="{stage}"}} {count}.0' in of_worker
    for reported in (of_worker, of_web):
        assert 'jaxercise_workers{state="grading"} 1.0' in reported
        assert "jaxercise_submissions_running 0.0" in reported


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_a_service_that_cannot_connect_does_not_print_the_password(
    tmp_path: Path, settings: dict[str, str], command: str
) -> None:
    """Nobody listens there. It ends after its patience, and its log may go anywhere."""
    chosen = {
        **settings,
        "database_url": f"postgresql+psycopg://jaxercise:{_PASSWORD}@127.0.0.1:1/jaxercise",
        "database_wait_seconds": "1",
        "data_dir": str(tmp_path),
        "port": "0",
    }
    ended = subprocess.run(
        [sys.executable, "-m", "app.cli.main", command],
        env={**os.environ, **{f"JAXERCISE_{name.upper()}": value for name, value in chosen.items()}},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    assert "127.0.0.1" in ended.stderr
    assert _PASSWORD not in ended.stdout + ended.stderr
