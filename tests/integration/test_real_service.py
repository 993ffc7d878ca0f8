"""The service as an operator runs it: a process of its own, killed, stopped and started again."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.process_trees import descendants, is_running
from tests.support.real_service import RunningService, real_service
from tests.support.small_problem import small_problem, write_problem
from tests.support.toy_problem import REFERENCE, write_toy_folders

pytestmark = pytest.mark.jail

_PATIENCE_SECONDS = 100.0
"""Far above what an end takes (docs/performance.md): a machine may be slow, and have other things to do."""
_MODULES = 2000
"""Some 1,500 are imported by a service; JAX and Flax would bring a thousand more."""

_SLOW_BUT_RIGHT = "import time\n\ntime.sleep({seconds})\n\n\ndef double(x):\n    return 2 * x\n"


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    write_problem(small_problem(), tmp_path)
    return {
        "problems_dir": str(tmp_path / "problems"),
        "references_dir": str(tmp_path / "references"),
        "slots": "1",
        "drain_seconds": "30",
    }


@pytest.fixture
def browser() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=120) as client:
        yield client


def sign_up(browser: httpx.Client, service: RunningService) -> None:
    body = {"email": "a@school.test", "password": "correct horse battery"}
    assert browser.post(f"{service.address}/api/v1/accounts", json=body).status_code == 201


def submit(browser: httpx.Client, service: RunningService, code: str, *, slug: str = "double") -> str:
    answer = browser.post(f"{service.address}/api/v1/problems/{slug}/submissions", json={"code": code})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def events(browser: httpx.Client, service: RunningService, submission_id: str) -> Iterator[tuple[str, Any]]:
    with browser.stream("GET", f"{service.address}/api/v1/submissions/{submission_id}/events") as stream:
        name = ""
        for line in stream.iter_lines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                yield name, json.loads(line.removeprefix("data: "))


def wait_until_running(browser: httpx.Client, service: RunningService, submission_id: str) -> None:
    for name, _ in events(browser, service, submission_id):
        if name == "running":
            return


def verdict(browser: httpx.Client, service: RunningService, submission_id: str) -> Any:
    return list(events(browser, service, submission_id))[-1][1]["verdict"]


def test_a_submission_outlives_a_service_that_is_killed_in_the_middle_of_its_run(
    tmp_path: Path, settings: dict[str, str], browser: httpx.Client
) -> None:
    """What was answered with 202 gets its verdict, and so does what was waiting behind it."""
    with real_service(tmp_path / "data", **settings) as service:
        sign_up(browser, service)
        running = submit(browser, service, _SLOW_BUT_RIGHT.format(seconds=5))
        waiting = submit(browser, service, "def double(x):\n    return x\n")
        wait_until_running(browser, service, running)
        service.kill()
    with real_service(tmp_path / "data", **settings) as service:
        assert verdict(browser, service, running)["outcome"] == "accepted"
        assert verdict(browser, service, waiting)["outcome"] == "wrong_value"
        stored = browser.get(f"{service.address}/api/v1/submissions/{running}").json()
    assert stored["status"] == "done"


def test_a_stop_lets_the_run_finish_and_ends_streams(
    tmp_path: Path, settings: dict[str, str], browser: httpx.Client
) -> None:
    """SIGTERM drains: no new run begins, the one under way is graded and stored, then exit code 0."""
    with real_service(tmp_path / "data", **settings) as service:
        sign_up(browser, service)
        running = submit(browser, service, _SLOW_BUT_RIGHT.format(seconds=3))
        waiting = submit(browser, service, "def double(x):\n    return x\n")
        following = events(browser, service, running)
        while next(following)[0] != "running":
            pass
        assert service.terminate() == 0
        # Cut off before its verdict, rather than holding up the stop.
        with pytest.raises(httpx.RemoteProtocolError):
            list(following)
    with real_service(tmp_path / "data", **settings) as service:
        # Accepted already, in the process before: the first look finds it done.
        stored = browser.get(f"{service.address}/api/v1/submissions/{running}").json()
        assert (stored["status"], stored["verdict"]["outcome"]) == ("done", "accepted")
        assert verdict(browser, service, waiting)["outcome"] == "wrong_value"


def test_the_service_starts_with_few_imports_and_never_loads_jax(
    tmp_path: Path, settings: dict[str, str], browser: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Imports are most of a start. JAX lives in the jail's processes only; also after a run."""
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")
    with real_service(tmp_path / "data", **settings) as service:
        lines = [line for line in service.printed if line.startswith("import time:")]
        imported = {line.rpartition("|")[2].strip() for line in lines}
        assert "uvicorn" in imported
        assert len(imported) < _MODULES
        assert browser.get(f"{service.address}/healthz").status_code == 200
        sign_up(browser, service)
        submission = submit(browser, service, "import jax\n\n\ndef double(x):\n    return 2 * x\n")
        assert verdict(browser, service, submission)["outcome"] == "accepted"
        for pid in (service.pid, service.grader_pid):
            mapped = Path(f"/proc/{pid}/maps").read_text()
            assert "msgspec" in mapped
            assert "jaxlib" not in mapped


def test_two_services_on_one_database_are_refused(tmp_path: Path, settings: dict[str, str]) -> None:
    """The second would take up again what the first is running."""
    with (
        real_service(tmp_path / "data", **settings),
        pytest.raises(RuntimeError, match="Another service is running"),
        real_service(tmp_path / "data", **settings),
    ):
        pass


def test_nothing_is_left_behind_by_a_killed_service(
    tmp_path: Path, settings: dict[str, str], browser: httpx.Client
) -> None:
    """Its processes end with it, whatever they were doing; the next service finds no trace of it."""
    mounts = Path("/proc/self/mounts").read_text()
    with real_service(tmp_path / "data", **settings) as service:
        sign_up(browser, service)
        verdict(browser, service, submit(browser, service, "def double(x):\n    return 2 * x\n"))
        running = submit(browser, service, _SLOW_BUT_RIGHT.format(seconds=5))
        wait_until_running(browser, service, running)
        dead, family = service.grader_pid, descendants(service.parent_pid)
        # The service; the grading process and its parent; two fork servers, each with what holds it; the run,
        # the loaded reference, the warm jail.
        assert len(family) >= 12
        service.kill()
        start = time.monotonic()
        while left := [pid for pid in family if is_running(pid)]:
            assert time.monotonic() - start < _PATIENCE_SECONDS, left
            time.sleep(0.01)
    assert Path("/proc/self/mounts").read_text() == mounts
    with real_service(tmp_path / "data", **settings) as service:
        assert verdict(browser, service, running)["outcome"] == "accepted"
        assert not control_groups_of(dead)


def control_groups_of(pid: int) -> list[Path]:
    return list(Path("/sys/fs/cgroup").glob(f"**/jaxercise-{pid}-*"))


def test_an_explanation_for_which_there_was_no_time_comes_behind_the_verdict(
    tmp_path: Path, browser: httpx.Client
) -> None:
    """The verdict at once, its reason to whoever still follows, and nothing else of it another one."""
    write_toy_folders(tmp_path)
    settings = {
        "problems_dir": str(tmp_path / "problems"),
        "references_dir": str(tmp_path / "references"),
        "diagnosis_seconds": "0.001",
        "slots": "1",
    }
    with real_service(tmp_path / "data", **settings) as service:
        sign_up(browser, service)
        negative = REFERENCE.replace("return Shift(", "return -Shift(")
        assert negative != REFERENCE
        submission_id = submit(browser, service, negative, slug="toy-shift")
        (before, reached), (after, explained) = list(events(browser, service, submission_id))[-2:]
        stored = browser.get(f"{service.address}/api/v1/submissions/{submission_id}").json()
    first, second = reached["verdict"], explained["verdict"]
    assert (before, after) == ("verdict", "explained")
    assert (first["diagnosis"], first["explained"]) == (None, "cut_short")
    assert (second["diagnosis"]["id"], second["explained"]) == ("sign_flipped", "complete")
    assert {**first, "diagnosis": second["diagnosis"], "explained": "complete"} == second
    assert stored["verdict"] == second
    assert [line["why"] for line in stored["verdicts"]] == ["graded", "explained"]
