"""A process that is begun again where it is killed: what its parent does, and what a learner notices."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.support.process_trees import children, descendants, is_running
from tests.support.real_service import real_service
from tests.support.small_problem import small_problem, write_problem

_PROGRAM = """
import logging, os, signal, sys, time
from app.cli.serving import supervise as kept
logging.basicConfig(format="%(message)s")
def run():
    print("begun", flush=True)
    {work}
kept.keep(run, first_pause_seconds={pause})
print("returned", flush=True)
"""
_SLEEP = "time.sleep(60)"
_KILLS_ITSELF = "os.kill(os.getpid(), signal.SIGKILL)"
_STOPS_IN_TIME = (
    "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7)); print('ready', flush=True); " + _SLEEP
)


@contextmanager
def _program(
    work: str, *, pause: float = 0.0, before: tuple[str, ...] = ()
) -> "Iterator[subprocess.Popen[str]]":
    with subprocess.Popen(
        [*before, sys.executable, "-c", _PROGRAM.format(work=work, pause=pause)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


_FOR_EVER = 3600.0
"""A pause that outlasts any test."""
_PATIENCE_SECONDS = 100.0


def _line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _gone(pid: int) -> bool:
    return _comes_true(lambda: not is_running(pid))


def _comes_true(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


def _sleeps(pid: int) -> bool:
    """Whether it waits for something: for a child, or where it has none, for time to pass."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] == "S"


def test_what_is_killed_is_begun_again_at_once() -> None:
    with _program(_SLEEP, pause=_FOR_EVER) as process:
        assert _line(process) == "begun"
        (first,) = children(process.pid)
        os.kill(first, signal.SIGKILL)
        assert _line(process) == "killed by SIGKILL: beginning again"
        assert _line(process) == "begun"
        assert first not in children(process.pid)


@pytest.mark.parametrize(
    ("work", "code", "last"),
    [
        ("pass", 0, "returned"),
        ("sys.exit(3)", 3, "begun"),
        ("1 / 0", 1, "ZeroDivisionError: division by zero"),
    ],
)
def test_what_ends_by_itself_is_not_begun_again(work: str, code: int, last: str) -> None:
    with _program(work) as process:
        said = process.communicate(timeout=_PATIENCE_SECONDS)[0].splitlines()
    assert process.returncode == code
    assert said.count("begun") == 1
    assert said[-1] == last


def test_what_is_killed_over_and_over_is_given_up() -> None:
    with _program(_KILLS_ITSELF) as process:
        said = process.communicate(timeout=_PATIENCE_SECONDS)[0].splitlines()
    assert process.returncode == 128 + signal.SIGKILL
    assert said.count("begun") == 5
    assert said[-1] == "killed by SIGKILL, five times in a row: giving up"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_is_passed_on_once_and_ends_both(number: signal.Signals) -> None:
    work = (
        f"signal.signal(signal.{number.name}, lambda *_: sys.exit(7)); print('ready', flush=True); {_SLEEP}"
    )
    with _program(work) as process:
        assert (_line(process), _line(process)) == ("begun", "ready")
        (child,) = children(process.pid)
        process.send_signal(number)
        assert process.wait(_PATIENCE_SECONDS) == 7
        assert _gone(child)
        assert _line(process) == ""


def test_a_stop_before_anybody_listens_ends_both_as_it_always_did() -> None:
    with _program(_SLEEP) as process:
        assert _line(process) == "begun"
        process.terminate()
        assert process.wait(_PATIENCE_SECONDS) == -signal.SIGTERM


@pytest.mark.parametrize(("work", "code"), [(_SLEEP, 128 + signal.SIGTERM), (_STOPS_IN_TIME, 7)])
def test_a_container_s_first_process_ends_as_well(work: str, code: int) -> None:
    """The kernel keeps it from ending itself by a signal."""
    namespace = ("unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child")
    with _program(work, before=namespace) as process:
        assert _line(process) == "begun"
        if work == _STOPS_IN_TIME:
            assert _line(process) == "ready"
        (first,) = children(process.pid)
        os.kill(first, signal.SIGTERM)
        assert process.wait(_PATIENCE_SECONDS) == code


def test_a_stop_between_two_lives_is_heard() -> None:
    with _program(_KILLS_ITSELF, pause=_FOR_EVER) as process:
        said = ""
        while said.count("beginning again") < 2:  # It waits before the third.
            said += _line(process)
        assert _comes_true(lambda: _sleeps(process.pid))
        assert not children(process.pid)
        process.terminate()
        assert process.wait(_PATIENCE_SECONDS) == -signal.SIGTERM


def test_a_parent_that_is_killed_takes_the_work_with_it() -> None:
    with _program(_STOPS_IN_TIME) as process:
        assert (_line(process), _line(process)) == ("begun", "ready")
        (child,) = children(process.pid)
        process.kill()
        assert _gone(child)


def test_a_stop_key_reaches_the_work_once() -> None:
    """A terminal sends SIGINT to its whole foreground group; the work is in another one."""
    with _program(_SLEEP) as process:
        assert _line(process) == "begun"
        (child,) = children(process.pid)
        assert os.getpgid(child) == child != os.getpgid(process.pid)


def test_a_learner_gets_the_verdict_though_the_service_is_killed_under_way(tmp_path: Path) -> None:
    """Same address, same session; nothing is refused meanwhile, and nothing of the dead one is left."""
    write_problem(small_problem(), tmp_path)
    settings = {"problems_dir": str(tmp_path / "problems"), "references_dir": str(tmp_path / "references")}
    code = "import time\n\ntime.sleep(2)\n\n\ndef double(x):\n    return 2 * x\n"
    start = time.monotonic()
    with (
        real_service(tmp_path / "data", **settings) as service,
        httpx.Client(timeout=_PATIENCE_SECONDS) as browser,
    ):
        cold_start_seconds = time.monotonic() - start
        threads = list(Path(f"/proc/{service.parent_pid}/task").iterdir())
        assert len(threads) == 1, "its forks would be unsafe"
        account = {"email": "a@lab.test", "password": "correct horse battery"}
        browser.post(f"{service.address}/api/v1/accounts", json=account).raise_for_status()
        posted = browser.post(f"{service.address}/api/v1/problems/double/submissions", json={"code": code})
        events = f"{service.address}/api/v1/submissions/{posted.raise_for_status().json()['id']}/events"
        with browser.stream("GET", events) as stream:
            assert "event: running" in stream.iter_lines()
        work = service.pid
        dead = {work} | descendants(work)
        killed_at = time.monotonic()
        service.kill_work()
        # A connection of its own, and none that the dying one may still take: those are cut.
        assert _gone(work)
        assert httpx.get(f"{service.address}/healthz", timeout=_PATIENCE_SECONDS).status_code == 200
        assert time.monotonic() - killed_at < cold_start_seconds
        with browser.stream("GET", events) as stream:
            reported = list(stream.iter_lines())
        assert "event: verdict" in reported
        assert '"outcome":"accepted"' in "".join(reported).replace(" ", "")
        assert all(_gone(pid) for pid in dead)
        assert service.terminate() == 0
