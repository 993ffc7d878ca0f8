"""From POST to the verdict event on position 46, as a learner's browser sees it.

    python bench/over_http.py [--rounds N] [--learners N]

Starts a real service on loopback, signs learners up, and lets each submit N times: first code that the
service has not seen, then their next submissions, each once a jail has practised on the one before. In
the same run it times the same calls hot, in one plain process. Prints medians, 95th percentiles and
ratios, for one learner alone and for several at once.
"""

import argparse
import asyncio
import math
import statistics
import tempfile
import time
from pathlib import Path

import httpx
import msgspec

from app.core.problem import Problem
from bench.first_verdict import hot_seconds, request_for_cases
from bench.graded_problem import DATA_DIR, as_new, position_46
from tests.real_service import real_service

_PRACTICE_SECONDS = 60.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--learners", type=int, default=4)
    parser.add_argument("--data-dir", type=Path, default=DATA_DIR)
    arguments = parser.parse_args()
    problem = position_46()
    with tempfile.TemporaryDirectory() as folder:
        request = Path(folder) / "request.msgpack"
        request.write_bytes(msgspec.msgpack.encode(request_for_cases(problem, 1)))
        database = f"sqlite:///{folder}/bench.db"
        slots = str(arguments.learners)
        with real_service(arguments.data_dir, database_url=database, slots=slots) as service:
            alone = asyncio.run(_class(service.address, problem, 1, arguments.rounds))
            together = asyncio.run(_class(service.address, problem, arguments.learners, arguments.rounds))
        hot = hot_seconds(request)
    print(f"position 46 over HTTP, {arguments.rounds} rounds; seconds; the hot calls take {hot:.3f}")
    print(f"{'':<34}{'p50':>8}{'p95':>8}{'p50 / hot':>11}")
    for title, (first, again) in (
        ("one learner", alone),
        (f"{arguments.learners} learners at once", together),
    ):
        for kind, seconds in (("first", first), ("next", again)):
            p50, p95 = statistics.median(seconds), sorted(seconds)[math.ceil(0.95 * len(seconds)) - 1]
            print(f"{title + ', ' + kind:<34}{p50:>8.3f}{p95:>8.3f}{p50 / hot:>11.1f}")


async def _class(
    address: str, problem: Problem, learners: int, rounds: int
) -> tuple[list[float], list[float]]:
    firsts, nexts = [], []
    for _ in range(rounds):
        async with asyncio.TaskGroup() as group:
            steps = [group.create_task(_learner(address, problem, learners)) for _ in range(learners)]
        for step in steps:
            first, again = step.result()
            firsts.append(first)
            nexts.append(again)
    return firsts, nexts


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
