"""How long until everything goes on after a process of the sandbox, or the service itself, was killed.

    .venv/bin/python -m bench.recovery [--rounds N]

Side by side in one run, on the toy problem, from the kill to the verdict:

- undisturbed: a submission, nothing killed
- fork server killed before: SIGKILL, then a submission at once
- fork server stopped before: SIGSTOP, then a submission at once
- fork server killed, no spare yet: SIGKILL to the fork server and to the spare one, then a submission at once
- fork server killed during: SIGKILL while the submission runs
- child killed during: SIGKILL to the jail that runs it

and of a real service on a small problem:

- service's work killed, answer: from SIGKILL to its working process to the next answer over HTTP
- service's work killed, verdict: to the verdict of what was under way, a submission that sleeps a second
- service killed, all gone: from SIGKILL to the process that was started until none of its processes is left
- service restarted, verdict: from the restart's begin to the verdict of what was under way, as above

Prints seconds.
"""

import argparse
import asyncio
import os
import signal
import statistics
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import httpx

from app.core.verdict import Mode
from app.grading.grader import Grader
from app.grading.open_grader import open_grader
from bench.graded_problem import DATA_DIR
from sandbox.jailed import Supervisor
from tests.support.process_trees import children, descendants, is_running
from tests.support.real_service import RunningService, real_service
from tests.support.small_problem import small_problem, write_problem
from tests.support.toy_problem import toy_problem

_PATIENCE_SECONDS = 60.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--data-dir", type=Path, default=DATA_DIR)
    arguments = parser.parse_args()
    seconds = asyncio.run(_of_the_grader(arguments.rounds, arguments.data_dir))
    for _ in range(arguments.rounds):
        with tempfile.TemporaryDirectory() as folder:
            for title, measured in _of_a_service(Path(folder)).items():
                seconds[title].append(measured)
    print(f"{arguments.rounds} rounds on {os.cpu_count()} cores; seconds")
    print(f"{'':<34}{'median':>9}{'min':>9}{'max':>9}")
    for title, values in seconds.items():
        print(f"{title:<34}{statistics.median(values):>9.3f}{min(values):>9.3f}{max(values):>9.3f}")


async def _of_the_grader(rounds: int, data_dir: Path) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = defaultdict(list)
    async with open_grader(data_dir=data_dir, unjailed=False, standby=True) as grader:
        supervisor = grader._sandbox  # noqa: SLF001 - whoever kills has to know where
        assert isinstance(supervisor, Supervisor)
        await _grade(grader)
        for _ in range(rounds):
            await _spare(supervisor)
            seconds["undisturbed"].append(await _grade(grader))
            for title, number in (("killed", signal.SIGKILL), ("stopped", signal.SIGSTOP)):
                os.kill(supervisor.fork_servers.pids[0], number)
                seconds[f"fork server {title} before"].append(await _grade(grader))
                await _spare(supervisor)
            for pid in supervisor.fork_servers.pids:
                os.kill(pid, signal.SIGKILL)
            seconds["fork server killed, no spare yet"].append(await _grade(grader))
            for victim in ("fork server", "child"):
                await _spare(supervisor)
                fork_server = supervisor.fork_servers.pids[0]
                grading = asyncio.ensure_future(_grade(grader))
                while not (running := _grandchildren(fork_server)):  # noqa: ASYNC110 - nor of this
                    await asyncio.sleep(0.002)
                os.kill(fork_server if victim == "fork server" else running[0], signal.SIGKILL)
                seconds[f"{victim} killed during"].append(await grading)
    return seconds


async def _grade(grader: Grader) -> float:
    start, problem = time.perf_counter(), toy_problem()
    verdict = await grader.grade(problem, problem.reference, Mode.SUBMIT, fresh_seed=1)
    assert verdict.accepted, verdict
    return time.perf_counter() - start


async def _spare(supervisor: Supervisor) -> None:
    async with asyncio.timeout(_PATIENCE_SECONDS):
        await supervisor.warm_up()
        while not supervisor.fork_servers.has_spare:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.05)


def _grandchildren(pid: int) -> list[int]:
    return [grandchild for child in children(pid) for grandchild in children(child)]


def _of_a_service(folder: Path) -> dict[str, float]:
    write_problem(small_problem(), folder)
    settings = {"problems_dir": str(folder / "problems"), "references_dir": str(folder / "references")}
    seconds = {}
    with httpx.Client(timeout=_PATIENCE_SECONDS) as client:
        with real_service(folder / "data", **settings) as service:
            account = {"email": "a@lab.test", "password": "correct horse battery"}
            client.post(f"{service.address}/api/v1/accounts", json=account).raise_for_status()
            submission = _begun(client, service)
            service.kill_work()
            start = time.perf_counter()
            _answered(service)
            seconds["service's work killed, answer"] = time.perf_counter() - start
            _until(client, service, submission, "event: verdict")
            seconds["service's work killed, verdict"] = time.perf_counter() - start
            submission = _begun(client, service)
            family = descendants(service.parent_pid)
            service.kill()
            start = time.perf_counter()
            while any(map(is_running, family)):
                time.sleep(0.002)
            seconds["service killed, all gone"] = time.perf_counter() - start
        start = time.perf_counter()
        with real_service(folder / "data", **settings) as service:
            _until(client, service, submission, "event: verdict")
            seconds["service restarted, verdict"] = time.perf_counter() - start
    return seconds


def _begun(client: httpx.Client, service: RunningService) -> str:
    """Return a submission that runs, and sleeps."""
    code = "import time; time.sleep(1)\n\n\ndef double(x):\n    return 2 * x\n"
    posted = client.post(f"{service.address}/api/v1/problems/double/submissions", json={"code": code})
    submission = str(posted.raise_for_status().json()["id"])
    _until(client, service, submission, "event: running")
    return submission


def _answered(service: RunningService) -> None:
    """Ask again where a connection was cut that was made just before the kill; the next one waits."""
    while True:
        try:
            httpx.get(f"{service.address}/healthz", timeout=_PATIENCE_SECONDS).raise_for_status()
        except httpx.TransportError:
            continue
        return


def _until(client: httpx.Client, service: RunningService, submission: str, line: str) -> None:
    with client.stream("GET", f"{service.address}/api/v1/submissions/{submission}/events") as events:
        assert line in events.iter_lines()


if __name__ == "__main__":
    main()
