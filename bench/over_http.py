"""From POST to the verdict event on position 46, as a learner's browser sees it.

    .venv/bin/python -m bench.over_http [--rounds N] [--learners N] [--patches all|none|NAME,…]

Starts a real service on loopback, signs learners up, and lets each submit N times: first code that the
service has not seen, then their next submissions, each once a jail has practised on the one before. In
the same run it times plain processes without jail and cache, as many at once: their whole runs, and the
same calls once they are hot. Prints medians, 95th percentiles and ratios, for one learner alone and for
several at once.
"""

import argparse
import asyncio
import math
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import msgspec

from app.core.problem import Problem
from bench.first_verdict import hot_seconds, request_for_cases, run_process
from bench.graded_problem import DATA_DIR, as_new, position_46
from tests.support.real_service import real_service

_PRACTICE_SECONDS = 60.0
_PREPARING_SECONDS = 900.0
_QUIET_SECONDS = 8.0
"""Then spare fork servers start."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--learners", type=int, default=4)
    parser.add_argument("--patches", default="all", help="as in JAXERCISE_JAX_PATCHES")
    parser.add_argument("--data-dir", type=Path, default=DATA_DIR)
    arguments = parser.parse_args()
    problem = position_46()
    with tempfile.TemporaryDirectory() as folder:
        request = Path(folder) / "request.msgpack"
        request.write_bytes(msgspec.msgpack.encode(request_for_cases(problem, 1)))
        database = f"sqlite:///{folder}/bench.db"
        rows = []
        for learners in (1, arguments.learners):
            with real_service(
                arguments.data_dir,
                database_url=database,
                slots=str(arguments.learners),
                jax_patches=arguments.patches,
            ) as service:
                service.wait_until_prepared(_PREPARING_SECONDS)
                time.sleep(_QUIET_SECONDS)
                rows.append(
                    asyncio.run(_measure(service.address, problem, request, learners, arguments.rounds))
                )
    circumstances = f"{arguments.rounds} rounds on {os.cpu_count()} cores, patches: {arguments.patches}"
    print(f"position 46 over HTTP, {circumstances}; seconds")
    print(f"{'':<26}{'p50':>8}{'p95':>8}{'x hot':>8}{'process /':>11}   goal")
    for row in rows:
        _print(row)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """Everything measured with as many `learners` at once."""

    learners: int
    first: list[float]
    again: list[float]
    process: list[float]
    hot: list[float]


def _print(row: Row) -> None:
    name = "one learner" if row.learners == 1 else f"{row.learners} at once"
    hot, process = statistics.median(row.hot), statistics.median(row.process)
    goals = {"first": f"{process / 12:.2f}", "next": f"{1.5 * hot + 0.03:.3f}"}
    rows = (("first", row.first), ("next", row.again), ("hot", row.hot), ("a process", row.process))
    for kind, seconds in rows:
        p50, p95 = statistics.median(seconds), sorted(seconds)[math.ceil(0.95 * len(seconds)) - 1]
        title = f"{name}, {kind}"
        ratios = f"{p50 / hot:>8.1f}{process / p50:>11.1f}"
        print(f"{title:<26}{p50:>8.3f}{p95:>8.3f}{ratios}   {goals.get(kind, '')}")


async def _measure(address: str, problem: Problem, request: Path, learners: int, rounds: int) -> Row:
    """Round by round, so that a slow moment of the machine hits every row alike."""
    row = Row(learners=learners, first=[], again=[], process=[], hot=[])
    for number in range(rounds):
        for first, again in await asyncio.gather(
            *(_learner(address, problem, learners) for _ in range(learners))
        ):
            row.first.append(first)
            row.again.append(again)
        row.hot.extend(await _at_once(hot_seconds, request, learners))
        if number % 2 == 0:  # It takes half a minute, and varies little.
            row.process.extend(await _at_once(run_process, request, learners))
    return row


async def _at_once(run: Callable[[Path], float], request: Path, count: int) -> list[float]:
    """In `count` plain processes, which know of no jail."""
    return await asyncio.gather(*(asyncio.to_thread(run, request) for _ in range(count)))


async def _learner(address: str, problem: Problem, learners: int) -> tuple[float, float]:
    async with httpx.AsyncClient(base_url=address, timeout=_PRACTICE_SECONDS) as client:
        account = {"email": f"bench-{time.time_ns()}@lab.test", "password": "correct horse battery"}
        (await client.post("/api/v1/accounts", json=account)).raise_for_status()
        first = await _submit(client, problem)
        # Long enough for a jail to practise for each of them.
        await asyncio.sleep(4.0 + 3.0 * learners)
        return first, await _submit(client, problem)


async def _submit(client: httpx.AsyncClient, problem: Problem) -> float:
    code = as_new(problem.reference)
    seconds, start = math.nan, time.perf_counter()
    posted = await client.post(
        f"/api/v1/problems/{problem.slug}/submissions", json={"code": code, "mode": "submit"}
    )
    posted.raise_for_status()
    async with client.stream("GET", f"/api/v1/submissions/{posted.json()['id']}/events") as events:
        async for line in events.aiter_lines():
            if line == "event: verdict":
                seconds = time.perf_counter() - start
            elif line.startswith("data:") and '"verdict"' in line[:40]:
                assert '"accepted":true' in line.replace(" ", ""), line
    assert not math.isnan(seconds), "the stream ended without a verdict"
    return seconds


if __name__ == "__main__":
    main()
