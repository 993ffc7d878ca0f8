"""The process that answers pages grades nothing; it goes on while the grading process hangs or dies."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.process_trees import children, descendants
from tests.support.real_service import RunningService, real_service
from tests.support.small_problem import small_problem, write_problem

pytestmark = pytest.mark.jail

_RIGHT = "def double(x):\n    return 2 * x\n"
_SLOW_BUT_RIGHT = "import time\n\ntime.sleep(2)\n\n\n" + _RIGHT


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    folder = tmp_path_factory.mktemp("two-processes")
    write_problem(small_problem(), folder)
    settings = {
        "problems_dir": str(folder / "problems"),
        "references_dir": str(folder / "references"),
        "slots": "1",
        "drain_seconds": "30",
    }
    with real_service(folder / "data", **settings) as started:
        yield started


@pytest.fixture(scope="module")
def browser(service: RunningService) -> Iterator[httpx.Client]:
    with httpx.Client(timeout=120, base_url=service.address) as client:
        account = {"email": "a@school.test", "password": "correct horse battery"}
        assert client.post("/api/v1/accounts", json=account).status_code == 201
        yield client


def submit(browser: httpx.Client, code: str) -> str:
    answer = browser.post("/api/v1/problems/double/submissions", json={"code": code})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def status(browser: httpx.Client, submission_id: str) -> str:
    return str(browser.get(f"/api/v1/submissions/{submission_id}").json()["status"])


def wait_for(browser: httpx.Client, submission_id: str, event: str) -> None:
    """Return once the submission's stream has told of `event`."""
    with browser.stream("GET", f"/api/v1/submissions/{submission_id}/events") as stream:
        assert f"event: {event}" in stream.iter_lines()


def outcome(browser: httpx.Client, submission_id: str) -> str:
    wait_for(browser, submission_id, "verdict")
    return str(browser.get(f"/api/v1/submissions/{submission_id}").json()["verdict"]["outcome"])


def command(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def test_the_jails_are_the_grading_process_s_alone(service: RunningService, browser: httpx.Client) -> None:
    assert outcome(browser, submit(browser, _RIGHT)) == "accepted"
    (parent,) = children(service.pid)
    assert children(parent) == [service.grader_pid]
    assert any(b"bwrap" in command(pid) for pid in descendants(service.grader_pid))


def test_pages_answer_while_grading_hangs(service: RunningService, browser: httpx.Client) -> None:
    grader = service.grader_pid
    assert outcome(browser, submit(browser, _RIGHT)) == "accepted"
    os.kill(grader, signal.SIGSTOP)
    try:
        waiting = submit(browser, _RIGHT)
        for path in ("/healthz", "/", "/problems/double", f"/submissions/{waiting}", "/api/v1/problems"):
            assert browser.get(path).status_code == 200
        assert status(browser, waiting) != "done"
    finally:
        os.kill(grader, signal.SIGCONT)
    assert outcome(browser, waiting) == "accepted"


def test_a_killed_grading_process_takes_nothing_else_with_it(
    service: RunningService, browser: httpx.Client
) -> None:
    """The service goes on, and what was being graded gets its verdict from the next one."""
    work, grader = service.pid, service.grader_pid
    running = submit(browser, _SLOW_BUT_RIGHT)
    wait_for(browser, running, "running")
    below = descendants(grader)
    os.kill(grader, signal.SIGKILL)
    assert browser.get("/healthz").status_code == 200
    assert outcome(browser, running) == "accepted"
    assert service.pid == work
    assert service.grader_pid != grader
    assert not below & descendants(service.parent_pid)
    assert any(
        "the grading process was killed by SIGKILL: beginning again" in line for line in service.printed
    )


def test_its_memory_is_the_service_s_and_not_the_jails(
    service: RunningService, browser: httpx.Client
) -> None:
    lines = browser.get("/metrics").text.splitlines()
    held = {
        part: float(line.split()[-1])
        for part in ("service", "jails")
        for line in lines
        if line.startswith(f'jaxercise_memory_bytes{{part="{part}"}}')
    }
    assert 0 < held["service"] < held["jails"]


def test_a_stop_that_reaches_every_process_lets_the_run_finish(
    service: RunningService, browser: httpx.Client
) -> None:
    """As systemd sends it to a whole group: runs under way keep their grader until they are stored."""
    running = submit(browser, _SLOW_BUT_RIGHT)
    wait_for(browser, running, "running")
    (between,) = children(service.pid)
    for pid in (between, service.grader_pid):
        os.kill(pid, signal.SIGTERM)
    assert service.terminate() == 0
    assert not any("Traceback" in line for line in service.printed)
    assert any(f"[{running}] verdict: accepted" in line for line in service.printed)
