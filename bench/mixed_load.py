"""An hour of mixed load: ordinary and hostile submissions beside people who read pages.

    .venv/bin/python -m bench.mixed_load [--minutes M] [--idle-minutes M] [--learners N] [--readers N]

Starts a real service on loopback with the bundled problems and the toy problem that the attacks of
tests/redteam are written for, waits until all are prepared, and reads its pages while nothing else goes on.
Then learners send known submissions one after another, a quarter of them hostile, and readers go on reading.
Prints verdicts (right, wrong, lost) and how long pages took in both halves, the slowest of them with what
the machine did meanwhile. Exits with 1 where a verdict is wrong or lost, or a page failed.
"""

import argparse
import asyncio
import itertools
import math
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import msgspec

from app.core.paths import path_of
from bench.known_submissions import Known, whole_mix
from tests.support.real_service import RunningService, real_service
from tests.support.toy_problem import write_toy_folders

_GOAL_SECONDS = 0.5
_GOAL_SHARE = 0.999
_PREPARING_SECONDS = 1800.0
_VERDICT_SECONDS = 900.0
_BETWEEN_PAGES_SECONDS = 0.4
_SHOWN = 5
_PASSWORD = "correct horse battery"  # noqa: S105 - of accounts that end with the bench
_PRESSURE = Path("/proc/pressure/cpu")


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One page that was read; `late` is how late this program itself was woken at the worst meanwhile."""

    path: str
    status: int
    seconds: float
    pressure: float
    late: float
    running: int


class Load(msgspec.Struct, kw_only=True):
    """What came of the submissions, and what is under way."""

    running: int = 0
    late: float = 0.0
    outcomes: Counter[str] = msgspec.field(default_factory=Counter)
    wrong: list[str] = []
    lost: list[str] = []
    refused: int = 0
    slowdown: str = ""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--idle-minutes", type=float, default=3.0)
    parser.add_argument("--learners", type=int, default=6)
    parser.add_argument("--readers", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_toy_folders(folder)
        shutil.copytree(path_of("problems"), folder / "problems", dirs_exist_ok=True)
        shutil.copytree(path_of("reference_solutions"), folder / "references", dirs_exist_ok=True)
        settings = {
            "problems_dir": str(folder / "problems"),
            "references_dir": str(folder / "references"),
            "database_url": f"sqlite:///{folder}/bench.db",
        }
        with real_service(folder / "data", **settings) as service:
            _wait_until_prepared(service)
            idle, busy, load = asyncio.run(_measure(service.address, arguments))
    print(f"{arguments.minutes:g} minutes of {arguments.learners} learners on {os.cpu_count()} cores")
    print(f"limits are scaled by: {load.slowdown or 'nothing'}")
    fine = _print_pages("pages, idle", idle) & _print_pages("pages, under load", busy)
    total = load.outcomes.total()
    print(f"{total} verdicts, {len(load.wrong)} wrong, {len(load.lost)} lost, {load.refused} asked to wait")
    print(", ".join(f"{count} {outcome}" for outcome, count in load.outcomes.most_common()))
    for line in (*load.wrong, *load.lost):
        print(line)
    sys.exit(0 if fine and total and not load.wrong and not load.lost else 1)


def _wait_until_prepared(service: RunningService) -> None:
    deadline = time.monotonic() + _PREPARING_SECONDS
    while not any("problems are prepared" in line for line in service.printed):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not prepared within {_PREPARING_SECONDS:g} s: {service.printed[-3:]}")
        time.sleep(0.2)


async def _measure(address: str, arguments: argparse.Namespace) -> tuple[list[Page], list[Page], Load]:
    load = Load()
    names = [f"learner-{number}@lab.test" for number in range(arguments.learners + arguments.readers)]
    clients = [httpx.AsyncClient(base_url=address, timeout=_VERDICT_SECONDS) for _ in names]
    for client, email in zip(clients, names, strict=True):
        account = {"email": email, "password": _PASSWORD}
        (await client.post("/api/v1/accounts", json=account)).raise_for_status()
    learners, readers = clients[: arguments.learners], clients[arguments.learners :]
    ticker = asyncio.create_task(_tick(load))
    idle = await _read_pages(readers, load, arguments.idle_minutes * 60)
    mix = whole_mix().draw(1_000_000, seed=arguments.seed)
    until = time.monotonic() + arguments.minutes * 60
    sending = [asyncio.create_task(_learn(client, mix, load, until)) for client in learners]
    busy = await _read_pages(readers, load, arguments.minutes * 60)
    await asyncio.gather(*sending)
    ticker.cancel()
    for client in clients:
        await client.aclose()
    return idle, busy, load


async def _tick(load: Load) -> None:
    """Notice when this very program gets no processor: a page is then late here, not there."""
    while True:
        start = time.perf_counter()
        await asyncio.sleep(0.01)
        load.late = max(load.late * 0.9, time.perf_counter() - start - 0.01)


async def _read_pages(readers: Sequence[httpx.AsyncClient], load: Load, seconds: float) -> list[Page]:
    until = time.monotonic() + seconds
    read = await asyncio.gather(*(_read(client, load, until) for client in readers))
    return list(itertools.chain.from_iterable(read))


async def _read(client: httpx.AsyncClient, load: Load, until: float) -> list[Page]:
    slugs = [problem["slug"] for problem in (await client.get("/api/v1/problems")).json()["problems"]]
    paths = itertools.cycle(["/", *(f"/problems/{slug}" for slug in slugs), "/api/v1/problems", "/healthz"])
    pages: list[Page] = []
    while time.monotonic() < until:
        path, start, stalled = next(paths), time.perf_counter(), _stalled_seconds()
        try:
            status = (await client.get(path)).status_code
        except httpx.HTTPError:
            status = 0
        seconds = time.perf_counter() - start
        pages.append(
            Page(
                path=path,
                status=status,
                seconds=seconds,
                pressure=(_stalled_seconds() - stalled) / seconds,
                late=load.late,
                running=load.running,
            )
        )
        await asyncio.sleep(_BETWEEN_PAGES_SECONDS)
    return pages


def _stalled_seconds() -> float:
    """Return for how long something has waited for a processor, since boot; 0 where nobody counts."""
    try:
        return int(_PRESSURE.read_text().split("total=")[1].split()[0]) / 1e6
    except (OSError, IndexError, ValueError):
        return 0.0


async def _learn(client: httpx.AsyncClient, mix: Iterator[Known], load: Load, until: float) -> None:
    while time.monotonic() < until:
        known = next(mix)
        load.running += 1
        try:
            async with asyncio.timeout(_VERDICT_SECONDS):
                outcome = await _submit(client, known, load)
        except (TimeoutError, httpx.HTTPError) as error:
            load.lost.append(f"lost: {known.name}: {type(error).__name__} {error}")
            continue
        finally:
            load.running -= 1
        load.outcomes[outcome] += 1
        if outcome not in known.outcomes:
            load.wrong.append(f"wrong: {known.name}: {outcome}, not {' or '.join(sorted(known.outcomes))}")


async def _submit(client: httpx.AsyncClient, known: Known, load: Load) -> str:
    body = {"code": f"{known.code}\n# {time.time_ns()}\n", "mode": "submit"}
    while True:
        posted = await client.post(f"/api/v1/problems/{known.problem.slug}/submissions", json=body)
        if posted.status_code != httpx.codes.TOO_MANY_REQUESTS:
            break
        load.refused += 1
        await asyncio.sleep(min(float(posted.headers.get("Retry-After", "1")), 5.0))
    posted.raise_for_status()
    while True:
        found = (await client.get(f"/api/v1/submissions/{posted.json()['id']}")).raise_for_status().json()
        if found["verdict"]:
            environment = found["verdict"].get("environment", {})
            scaled = [f"{key} {value}" for key, value in environment.items() if "slowdown" in key]
            load.slowdown = ", ".join(scaled) or load.slowdown
            return str(found["verdict"]["outcome"])
        await asyncio.sleep(0.3)


def _print_pages(title: str, pages: Sequence[Page]) -> bool:
    """Print how long they took; say whether each was answered."""
    seconds = sorted(page.seconds for page in pages)

    def at(share: float) -> float:
        return 1000 * seconds[max(0, math.ceil(share * len(seconds)) - 1)]

    within = sum(one <= _GOAL_SECONDS for one in seconds) / len(seconds)
    print(
        f"{title}: {len(pages)}; ms p50 {at(0.5):.0f}, p99 {at(0.99):.0f}, p99.9 {at(_GOAL_SHARE):.0f}, "
        f"slowest {at(1):.0f}; {100 * within:.2f} % within {_GOAL_SECONDS:g} s (goal {100 * _GOAL_SHARE:g})"
    )
    for page in sorted(pages, key=lambda page: -page.seconds)[:_SHOWN]:
        print(
            f"  {1000 * page.seconds:6.0f} ms {page.path}: something waited for a processor in "
            f"{100 * page.pressure:.0f} % of that time, this program up to {1000 * page.late:.0f} ms, "
            f"{page.running} submissions under way"
        )
    failed = [page for page in pages if page.status != httpx.codes.OK]
    for page in failed[:_SHOWN]:
        print(f"  failed: {page.path}: {page.status or 'no answer'}")
    return not failed


if __name__ == "__main__":
    main()
