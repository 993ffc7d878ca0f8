"""An hour of mixed load: ordinary and hostile submissions beside people who read pages.

    .venv/bin/python -m bench.mixed_load [--minutes M] [--idle-minutes M] [--learners N] [--readers N]
        [--toy-only]

Starts a real service on loopback with the bundled problems and the toy problem that the attacks of
tests/redteam are written for (with `--toy-only` that alone, which is prepared in seconds), waits until all
are prepared, and reads its pages while nothing else goes on. Then learners send known submissions one after
another, a quarter of them hostile, and readers go on reading. Prints verdicts (right, wrong, lost), by what
the worker's limits are scaled, and how long pages took, idle and under load side by side; the slowest with
what held it up. Exits with 1 where a verdict is wrong or lost, or a page failed.
"""

import argparse
import asyncio
import itertools
import os
import shutil
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import msgspec

from app.core.paths import path_of
from bench.graded_problem import DATA_DIR
from bench.known_submissions import Known, toy_mix, whole_mix
from bench.page_times import PageTimes
from tests.support.real_service import RunningService, real_service
from tests.support.toy_problem import write_toy_folders

_GOAL_SECONDS = 0.5
_GOAL_SHARE = 0.999
_PREPARING_SECONDS = 1800.0
_VERDICT_SECONDS = 900.0
_BETWEEN_PAGES_SECONDS = 0.4
_SHOWN = 5
_TICK_SECONDS = 0.01
_TICKS = 3000
_MOST_OF_IT = 0.5
"""Whoever had this share of a page's time is what held it up."""
_PASSWORD = "correct horse battery"  # noqa: S105 - of accounts that end with the bench
_PRESSURE = Path("/proc/pressure/cpu")


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One page that was read."""

    path: str
    status: int
    seconds: float
    stalled_seconds: float
    """For how long something waited for a processor meanwhile."""
    late_seconds: float
    """How late this program itself was woken meanwhile, at the worst."""
    running: int
    """Submissions under way."""
    printed: tuple[str, ...] = ()
    """The service's log meanwhile."""


class Load(msgspec.Struct, kw_only=True):
    """What came of the submissions, and what is under way."""

    running: int = 0
    ticks: deque[tuple[float, float]] = msgspec.field(default_factory=lambda: deque(maxlen=_TICKS))
    """When this program was woken lately, and how late."""
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
    parser.add_argument("--toy-only", action="store_true")
    parser.add_argument("--data-dir", type=Path, default=DATA_DIR, help="where programs are kept compiled")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_toy_folders(folder)
        if not arguments.toy_only:
            shutil.copytree(path_of("problems"), folder / "problems", dirs_exist_ok=True)
            shutil.copytree(path_of("reference_solutions"), folder / "references", dirs_exist_ok=True)
        settings = {
            "problems_dir": str(folder / "problems"),
            "references_dir": str(folder / "references"),
            "database_url": f"sqlite:///{folder}/bench.db",
        }
        with real_service(arguments.data_dir, **settings) as service:
            service.wait_until_prepared(_PREPARING_SECONDS)
            idle, busy, load = asyncio.run(_measure(service, arguments))
    print(f"{arguments.minutes:g} minutes of {arguments.learners} learners on {os.cpu_count()} cores")
    print(report(idle, busy, load))
    failed = [page for page in (*idle, *busy) if page.status != httpx.codes.OK]
    sys.exit(1 if failed or load.wrong or load.lost or not load.outcomes else 0)


def report(idle: Sequence[Page], busy: Sequence[Page], load: Load) -> str:
    """Return all that came of it, as Markdown."""
    counts = f"{load.outcomes.total()} verdicts, {len(load.wrong)} wrong, {len(load.lost)} lost"
    lines = [
        f"{counts}, {load.refused} times asked to wait; limits are scaled by: {load.slowdown or 'nothing'}",
        ", ".join(f"{count} {outcome}" for outcome, count in load.outcomes.most_common()),
        *load.wrong,
        *load.lost,
        "",
        "| pages | idle | under load |",
        "|---|---|---|",
    ]
    halves = [PageTimes.of([page.seconds for page in half]) for half in (idle, busy)]
    lines.append(f"| read | {len(idle)} | {len(busy)} |")
    shares = (f"{100 * half.share_within(_GOAL_SECONDS):.2f} %" for half in halves)
    lines.append(f"| within {_GOAL_SECONDS:g} s (goal {100 * _GOAL_SHARE:g} %) | {' | '.join(shares)} |")
    for name, share in (("p50", 0.5), ("p95", 0.95), ("p99.9", _GOAL_SHARE), ("slowest", 1.0)):
        times = (f"{1000 * half.at(share):.0f}" for half in halves)
        lines.append(f"| {name}, ms | {' | '.join(times)} |")
    for name, half in (("idle", idle), ("under load", busy)):
        for page in sorted(half, key=lambda page: -page.seconds)[:_SHOWN]:
            lines.append(f"slowest, {name}: {1000 * page.seconds:.0f} ms {page.path}: {cause_of(page)}")
        failed = [page for page in half if page.status != httpx.codes.OK]
        lines += [f"failed, {name}: {page.path}: {page.status or 'no answer'}" for page in failed[:_SHOWN]]
    return "\n".join(lines)


def cause_of(page: Page) -> str:
    """Return what held a page up, as far as that was seen, and what else went on."""
    held = [line for line in page.printed if "event loop has been held" in line]
    if held:
        cause = held[-1].partition("the event loop")[2].rstrip(":\n")
        cause = f"the service's event loop{cause}"
    elif page.late_seconds > _MOST_OF_IT * page.seconds:
        cause = f"this program itself got no processor for {1000 * page.late_seconds:.0f} ms"
    elif page.stalled_seconds > _MOST_OF_IT * page.seconds:
        share = 100 * page.stalled_seconds / page.seconds
        cause = f"no processor was free: something waited for one in {share:.0f} % of that time"
    else:
        cause = "the service itself"
    return f"{cause}; {page.running} submissions under way"


async def _measure(
    service: RunningService, arguments: argparse.Namespace
) -> tuple[list[Page], list[Page], Load]:
    load = Load()
    # The first account is the admin, who has turns and pages of its own.
    names = ["founder", *(f"learner-{number}" for number in range(arguments.learners + arguments.readers))]
    clients = [httpx.AsyncClient(base_url=service.address, timeout=_VERDICT_SECONDS) for _ in names]
    for client, name in zip(clients, names, strict=True):
        account = {"email": f"{name}@lab.test", "password": _PASSWORD}
        (await client.post("/api/v1/accounts", json=account)).raise_for_status()
    learners, readers = clients[1 : arguments.learners + 1], clients[arguments.learners + 1 :]
    ticker = asyncio.create_task(_tick(load))
    reading = _Reading(service, load)
    idle = await reading.all(readers, arguments.idle_minutes * 60)
    mix = (toy_mix() if arguments.toy_only else whole_mix()).draw(1_000_000, seed=arguments.seed)
    until = time.monotonic() + arguments.minutes * 60
    sending = [asyncio.create_task(_learn(client, mix, load, until)) for client in learners]
    busy = await reading.all(readers, arguments.minutes * 60)
    await asyncio.gather(*sending)
    ticker.cancel()
    for client in clients:
        await client.aclose()
    return idle, busy, load


async def _tick(load: Load) -> None:
    """Notice when this very program gets no processor: a page is then late here, not there."""
    while True:
        start = time.perf_counter()
        await asyncio.sleep(_TICK_SECONDS)
        end = time.perf_counter()
        load.ticks.append((end, end - start - _TICK_SECONDS))


class _Reading:
    """People who read pages, one after another each."""

    def __init__(self, service: RunningService, load: Load) -> None:
        self._service = service
        self._load = load

    async def all(self, readers: Sequence[httpx.AsyncClient], seconds: float) -> list[Page]:
        until = time.monotonic() + seconds
        read = await asyncio.gather(*(self._one(client, until) for client in readers))
        return list(itertools.chain.from_iterable(read))

    async def _one(self, client: httpx.AsyncClient, until: float) -> list[Page]:
        slugs = [problem["slug"] for problem in (await client.get("/api/v1/problems")).json()["problems"]]
        paths = itertools.cycle(
            ["/", *(f"/problems/{slug}" for slug in slugs), "/api/v1/problems", "/healthz"]
        )
        pages: list[Page] = []
        while time.monotonic() < until:
            pages.append(await self._page(client, next(paths)))
            await asyncio.sleep(_BETWEEN_PAGES_SECONDS)
        return pages

    async def _page(self, client: httpx.AsyncClient, path: str) -> Page:
        start, stalled, printed = time.perf_counter(), _stalled_seconds(), len(self._service.printed)
        try:
            status = (await client.get(path)).status_code
        except httpx.HTTPError:
            status = 0
        end = time.perf_counter()
        return Page(
            path=path,
            status=status,
            seconds=end - start,
            stalled_seconds=_stalled_seconds() - stalled,
            late_seconds=max((late for at, late in self._load.ticks if at > start), default=0.0),
            running=self._load.running,
            printed=tuple(self._service.printed[printed:]),
        )


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
        verdict = found["verdict"]
        # What a warm jail has accepted counts once a fresh one has confirmed it.
        if verdict and verdict.get("confirmation") != "pending":
            environment = verdict.get("environment", {})
            scaled = [f"{key} {value}" for key, value in environment.items() if "slowdown" in key]
            load.slowdown = ", ".join(scaled) or load.slowdown
            return str(verdict["outcome"])
        await asyncio.sleep(0.3)


if __name__ == "__main__":
    main()
