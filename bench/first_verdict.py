"""How long until a verdict on position 46, beside a process per run and beside a hot call.

    .venv/bin/python -m bench.first_verdict [--runs N] [--patches all|none|NAME,…]

Side by side in one run, round by round, so that a slow moment of the machine hits every row alike:

- a process per run: start Python, import JAX and Flax, load the solution, call it on every case; no cache
- this grader, first time: code that it has not seen, through the whole way, compilation cache filled
- this grader, again: the same learner's next submission, graded in the jail that has practised on their first
- hot calls: the same calls in a process that has made them before; once the cases alone, and once with the
  probes that the grader asks as well, made as the jail makes them

Prints medians in seconds and each row's ratio to the hot call and to the process per run.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from app.core.problem import Problem
from app.core.verdict import Mode
from app.grading.grader import Grader
from app.grading.open_grader import open_grader
from app.grading.plan.checks import checks_of
from app.grading.plan.request import request_for
from bench.graded_problem import DATA_DIR, as_new, position_46
from sandbox.interface import RunRequest
from tests.support.checkout import CHECKOUT


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--data-dir", type=Path, default=DATA_DIR)
    parser.add_argument("--patches", default="all", help="as in JAXERCISE_JAX_PATCHES")
    arguments = parser.parse_args()
    seconds = asyncio.run(_measure(position_46(), arguments.runs, arguments.data_dir, arguments.patches))
    _print(seconds, runs=arguments.runs, patches=arguments.patches)


async def _measure(problem: Problem, runs: int, data_dir: Path, patches: str) -> dict[str, list[float]]:
    rows: dict[str, list[float]] = {name: [] for name in ("process", "first", "again", "hot", "probed")}
    with tempfile.TemporaryDirectory() as folder:
        request = Path(folder) / "request.msgpack"
        probed = Path(folder) / "probed.msgpack"
        async with open_grader(
            data_dir=data_dir, unjailed=False, jax_patches=patches, warm_jails=1
        ) as grader:
            await grader.prepare_reference(problem)
            await grader.prepare_solutions(problem)
            # Fresh cases' answers come from the trusted fork server, which starts with its first run.
            await _grade(grader, problem, as_new(problem.reference), fresh_seed=0)
            for round_number in range(1, runs + 1):
                # Fresh cases are drawn anew each round, as they are for every submission.
                request.write_bytes(msgspec.msgpack.encode(request_for_cases(problem, round_number)))
                probed.write_bytes(msgspec.msgpack.encode(_request_for_all(problem, round_number)))
                rows["process"].append(await asyncio.to_thread(run_process, request))
                code = as_new(problem.reference)
                learner = f"learner {round_number}"
                rows["first"].append(
                    await _grade(grader, problem, code, fresh_seed=round_number, learner=learner)
                )
                while not grader.waits_for(problem, learner):  # noqa: ASYNC110 - nothing tells of it
                    await asyncio.sleep(0.05)
                code = as_new(problem.reference)
                rows["again"].append(
                    await _grade(grader, problem, code, fresh_seed=1000 + round_number, learner=learner)
                )
                rows["hot"].append(await asyncio.to_thread(hot_seconds, request))
                rows["probed"].append(await asyncio.to_thread(hot_seconds, probed))
    return rows


def request_for_cases(problem: Problem, fresh_seed: int) -> RunRequest:
    """Return the plain cases, without probes: what any judge would run."""
    checks = checks_of(problem, Mode.SUBMIT, fresh_seed=fresh_seed)
    return RunRequest(
        code=problem.reference,
        parameters=problem.manifest.entry.parameters,
        calls=tuple(check.call for check in checks if check.is_value),
    )


def _request_for_all(problem: Problem, fresh_seed: int) -> RunRequest:
    """Return what the grader asks of a submission, probes included."""
    return request_for(problem, problem.reference, checks_of(problem, Mode.SUBMIT, fresh_seed=fresh_seed))


async def _grade(
    grader: Grader, problem: Problem, code: str, *, fresh_seed: int, learner: str | None = None
) -> float:
    start = time.perf_counter()
    verdict = await grader.grade(problem, code, Mode.SUBMIT, fresh_seed=fresh_seed, learner=learner)
    assert verdict.accepted, verdict
    return time.perf_counter() - start


def run_process(request: Path) -> float:
    """Return what a process per run takes, its start included, in seconds."""
    start = time.perf_counter()
    _run(request, passes=1)
    return time.perf_counter() - start


def hot_seconds(request: Path) -> float:
    """Time all calls of a request in a process that has made them before, in seconds."""
    return statistics.median(_run(request, passes=6)[1:])


def _run(request: Path, *, passes: int) -> list[float]:
    environment = {**os.environ, "JAX_PLATFORMS": "cpu", "PYTHONPATH": str(CHECKOUT)}
    environment.pop("JAX_COMPILATION_CACHE_DIR", None)
    command = [sys.executable, "-m", "bench.in_process", str(request), str(passes)]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return [float(line) for line in ran.stdout.splitlines()]


def _print(seconds: dict[str, list[float]], *, runs: int, patches: str) -> None:
    titles = {
        "process": "a process per run, no cache",
        "first": "this grader, first time",
        "again": "this grader, again",
        "hot": "hot calls of the cases",
        "probed": "hot calls, probes too",
    }
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    print(f"position 46, all cases, {runs} rounds on {os.cpu_count()} cores, patches: {patches}; seconds")
    print(f"{'':<30}{'median':>9}{'min':>9}{'max':>9}{'x hot':>9}{'process /':>11}")
    for name, title in titles.items():
        values, median = seconds[name], medians[name]
        ratios = f"{median / medians['hot']:>9.1f}{medians['process'] / median:>11.1f}"
        print(f"{title:<30}{median:>9.3f}{min(values):>9.3f}{max(values):>9.3f}{ratios}")


if __name__ == "__main__":
    main()
