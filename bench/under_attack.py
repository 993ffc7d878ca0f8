"""Pages of ordinary visitors while others attack: are they there within twice their time?

    .venv/bin/python -m bench.under_attack [--seconds S] [--connections N] [--errors-a-second E] [--only NAME]

Starts a real service on loopback with six small problems, and measures how long the list, a problem and a
submission's page take, each on a connection of its own, while nothing else goes on. Then, one after the
other and all at once: half-open connections, event streams, slow readers of a large page, slow senders of a
body, repeated errors. They come from eight addresses in a process of their own; `--connections` is how many
are half-open, and the other kinds are in proportion. Each attack is beside an idle stretch just before it.
Exits with 1 where a page failed, or took more than twice as long at the median or the 95th percentile. Stops
by itself.
"""

import argparse
import contextlib
import http.client
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import msgspec

from app.core.paths import path_of
from app.core.submission import CODE_LIMIT_BYTES
from bench.attackers import Account, Attack, Counts, Plan, Target, run_attackers, source_of
from bench.page_times import PageTimes
from tests.support.real_service import RunningService, real_service
from tests.support.small_problem import small_problem, write_problem

_GOAL = 2.0
_PROBLEMS = 6
_PREPARING_SECONDS = 600.0
_SETTLED_SECONDS = 15.0
"""By then all attackers have come, and the first were given up."""
_COOLED_SECONDS = 3.0
_BETWEEN_PAGES_SECONDS = 0.02
_PAGE_SECONDS = 60.0
_STREAMS_OF_ONE = 12
"""As many as one account may have."""
_RESERVED_FILES = 64
_PASSWORD = "correct horse battery"  # noqa: S105 - of accounts that end with the bench
_RIGHT = "def double(x):\n    return 2 * x\n"
_SLEEPS = f"import time\n\ntime.sleep(600)\n\n\n{_RIGHT}"
_LONG = "\n".join(f"value_{number} = [{number}, 'text', 1.5e3]" for number in range(5000))
_SHARES = {
    Attack.HALF_OPEN: 1.0,
    Attack.STREAMS: 0.4,
    Attack.SLOW_READERS: 0.1,
    Attack.SLOW_SENDERS: 0.1,
    Attack.ERRORS: 0.01,
}


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One attack: pages before and during it, its connections, and what the service held at its end."""

    name: str
    idle: PageTimes
    attacked: PageTimes
    failed: int
    counts: Counts
    descriptors: int
    memory_mb: float

    @property
    def is_kept(self) -> bool:
        """Whether the goal is."""
        p50, p95, _ = self.attacked.times(self.idle)
        return not self.failed and p50 <= _GOAL and p95 <= _GOAL


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=15.0, help="of each attack, once it is under way")
    parser.add_argument("--connections", type=int, default=5000, help="half-open ones")
    parser.add_argument("--errors-a-second", type=float, default=100.0)
    parser.add_argument("--only", choices=[attack.name.lower() for attack in Attack], action="append")
    arguments = parser.parse_args()
    chosen = [attack for attack in Attack if not arguments.only or attack.name.lower() in arguments.only]
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    plans = affordable(plans_for(chosen, arguments.connections, arguments.errors_a_second), hard)
    if sum(plan.connections for plan in plans) < sum(
        plan.connections for plan in plans_for(chosen, arguments.connections, arguments.errors_a_second)
    ):
        print(f"fewer connections than asked for: this user may have {hard} files open (`ulimit -Hn`)")
    with tempfile.TemporaryDirectory() as name, _service(Path(name)) as service:
        rows = _measure(service, plans, arguments.seconds)
    print(f"{os.cpu_count()} cores; {arguments.seconds:g} s of each attack")
    print(table(rows))
    sys.exit(0 if all(row.is_kept for row in rows) else 1)


def plans_for(chosen: Sequence[Attack], connections: int, errors_a_second: float) -> tuple[Plan, ...]:
    """Return a plan of each kind, in proportion to the half-open connections, of which there are so many."""
    return tuple(
        Plan(
            attack=attack,
            connections=max(1, round(connections * _SHARES[attack])),
            errors_a_second=errors_a_second,
        )
        for attack in chosen
    )


def affordable(plans: tuple[Plan, ...], files: int) -> tuple[Plan, ...]:
    """Return the plans with so few connections that one process may hold all of them at once."""
    wanted = sum(plan.connections for plan in plans)
    possible = files - _RESERVED_FILES
    if wanted <= possible:
        return plans
    return tuple(
        msgspec.structs.replace(plan, connections=max(1, plan.connections * possible // wanted))
        for plan in plans
    )


@contextlib.contextmanager
def _service(folder: Path) -> Iterator[RunningService]:
    """Serve some problems, the first with a statement and a figure of ordinary size."""
    real = path_of("problems") / "46-vit-cls-token"
    for position in range(1, _PROBLEMS + 1):
        slug = "double" if position == 1 else f"double-{position}"
        files = small_problem(slug, position=position)
        if position == 1:
            files["statement.md"] = (real / "statement.md").read_bytes()
            for asset in (real / "assets").iterdir():
                files[f"assets/{asset.name}"] = asset.read_bytes()
        write_problem(files, folder)
    settings = {
        "problems_dir": str(folder / "problems"),
        "references_dir": str(folder / "references"),
        "queue_limit": "1000",
        "slots": "1",
    }
    with real_service(folder / "data", **settings) as service:
        service.wait_until_prepared(_PREPARING_SECONDS)
        yield service


class Visitors:
    """Ordinary ones, one after another, each on a new connection from 127.0.0.1."""

    def __init__(self, port: int, cookie: str, paths: Sequence[str]) -> None:
        self._port = port
        self._headers = {"Cookie": cookie}
        self._paths = paths

    def read(self, seconds: float) -> tuple[PageTimes, int]:
        """Read pages in turn for so long; return how long they took, and how many failed."""
        until, taken, failed = time.monotonic() + seconds, [], 0
        while time.monotonic() < until:
            for path in self._paths:
                start = time.perf_counter()
                failed += not self._is_there(path)
                taken.append(time.perf_counter() - start)
                time.sleep(_BETWEEN_PAGES_SECONDS)
        return PageTimes.of(taken), failed

    def _is_there(self, path: str) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_PAGE_SECONDS)
        try:
            connection.request("GET", path, headers=self._headers)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        return answer.status == http.client.OK


def _measure(service: RunningService, plans: tuple[Plan, ...], seconds: float) -> list[Row]:
    # The first account is the admin, whose pages show more.
    _signed_up(service, "founder@lab.test", "127.0.0.1").close()
    with contextlib.closing(_signed_up(service, "visitor@lab.test", "127.0.0.1")) as visitor:
        graded = _submitted(visitor, _RIGHT)
        _wait_for_verdict(visitor, graded)
        streams = sum(plan.connections for plan in plans if plan.attack is Attack.STREAMS)
        target = _target(service, -(-streams // _STREAMS_OF_ONE))
        paths = ("/", "/problems/double", f"/submissions/{graded}")
        visitors = Visitors(target.port, _cookie(visitor), paths)
        # The first pages are compiled and coloured, and kept.
        visitors.read(1.0)
        rounds: list[tuple[Plan, ...]] = [(plan,) for plan in plans]
        if len(plans) > 1:
            rounds.append(plans)
        return [_row(service, visitors, one, target, seconds) for one in rounds]


def _row(
    service: RunningService, visitors: Visitors, plans: tuple[Plan, ...], target: Target, seconds: float
) -> Row:
    idle, idle_failed = visitors.read(seconds / 2)
    spawn = multiprocessing.get_context("spawn")
    pipe, theirs = spawn.Pipe()
    attackers = spawn.Process(target=run_attackers, args=(plans, target, theirs), daemon=True)
    attackers.start()
    # So that the end of one that breaks is noticed here.
    theirs.close()
    try:
        time.sleep(_SETTLED_SECONDS)
        attacked, failed = visitors.read(seconds)
        pipe.send("count")
        counts: list[Counts] = pipe.recv()
        held = Path(f"/proc/{service.pid}")
        row = Row(
            name=plans[0].attack if len(plans) == 1 else "all at once",
            idle=idle,
            attacked=attacked,
            failed=failed + idle_failed,
            counts=added(counts),
            descriptors=len(list((held / "fd").iterdir())),
            memory_mb=resident_mb((held / "status").read_text()),
        )
        pipe.send("stop")
        attackers.join(_PAGE_SECONDS)
    finally:
        attackers.kill()
        attackers.join()
    time.sleep(_COOLED_SECONDS)
    print(table([row]).splitlines()[-1], flush=True)
    return row


def added(counts: Sequence[Counts]) -> Counts:
    """Return the sum of several attacks' counts."""
    names = Counts.__struct_fields__
    return Counts(**{name: sum(getattr(one, name) for one in counts) for name in names})


def resident_mb(status: str) -> float:
    """Return the resident memory of proc_pid_status(5), in megabytes."""
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")) / 1024


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a table of Markdown."""
    columns = (
        "",
        "idle p50, p95, slowest, ms",
        "attacked, ms",
        "times idle",
        "tried, held, refused, closed",
        "descriptors",
        "MB",
        "within twice",
    )
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for row in rows:
        idle, attacked = (
            ", ".join(f"{1000 * seconds:.1f}" for seconds in (times.p50, times.p95, times.slowest))
            for times in (row.idle, row.attacked)
        )
        times = ", ".join(f"{one:.1f}" for one in row.attacked.times(row.idle))
        counts = row.counts
        became = f"{counts.tried}, {counts.held}, {counts.refused}, {counts.closed}"
        name = f"{row.name} ({counts.answers} answered)" if counts.answers else row.name
        word = "yes" if row.is_kept else f"no, {row.failed} failed" if row.failed else "no"
        lines.append(
            f"| {name} | {idle} | {attacked} | {times} | {became} | {row.descriptors} "
            f"| {row.memory_mb:.0f} | {word} |"
        )
    return "\n".join(lines)


def _target(service: RunningService, count: int) -> Target:
    """Sign attackers up: one with a long submission, and for the streams many, each with one that waits."""
    with contextlib.closing(_signed_up(service, "attacker@lab.test", source_of(0))) as first:
        cookie, large = _cookie(first), _submitted(first, _LONG[:CODE_LIMIT_BYTES])
    accounts = []
    for number in range(count):
        client = _signed_up(service, f"attacker-{number}@lab.test", source_of(number))
        with contextlib.closing(client):
            events = f"/api/v1/submissions/{_submitted(client, _SLEEPS)}/events"
            accounts.append(Account(cookie=_cookie(client), events=events))
    return Target(
        port=httpx.URL(service.address).port or 0,
        accounts=tuple(accounts),
        cookie=cookie,
        large_page=f"/submissions/{large}",
    )


def _signed_up(service: RunningService, email: str, source: str) -> httpx.Client:
    transport = httpx.HTTPTransport(local_address=source)
    client = httpx.Client(base_url=service.address, transport=transport, timeout=_PAGE_SECONDS)
    account = {"email": email, "password": _PASSWORD}
    client.post("/api/v1/accounts", json=account).raise_for_status()
    return client


def _cookie(client: httpx.Client) -> str:
    return "; ".join(f"{name}={value}" for name, value in client.cookies.items())


def _submitted(client: httpx.Client, code: str) -> str:
    posted = client.post("/api/v1/problems/double/submissions", json={"code": code})
    return str(posted.raise_for_status().json()["id"])


def _wait_for_verdict(client: httpx.Client, submission: str) -> None:
    with client.stream("GET", f"/api/v1/submissions/{submission}/events") as events:
        for _ in events.iter_lines():
            pass


if __name__ == "__main__":
    main()
