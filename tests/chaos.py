"""Chaos: real processes under load are killed and stopped at random moments, and nothing may be lost.

`chaos_on_postgres` has API processes, workers and a PostgreSQL of their own; `chaos_on_sqlite` one service
that is killed again and again. Both are drawn from a seed. The audit is the database's own (chaos_audit.py).
"""

import asyncio
import random
import signal
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from tests.chaos_audit import Audit, doubles, final_outcomes, pickups
from tests.chaos_learners import Learners, Load
from tests.chaos_processes import SCRIPTED_SERVICE, SCRIPTED_WORKER, KeptProcess, KeptService
from tests.postgres import PostgresServer
from tests.small_problem import small_problem, write_problem

PICKUP_SECONDS = 10.0
"""Within which another worker begins what died with one."""
FAULTS = {
    "kill worker": 8,
    "stop worker": 4,
    "drain worker": 3,
    "kill service": 3,
    "restart database": 2,
    "outage": 1,
}
"""How often each is drawn, in proportion."""
_SETTLE_SECONDS = 90.0
_SUPERVISOR_SECONDS = 0.5
# A worker has started by then, on a busy machine too, and knows who is dead.
_STEADY_SECONDS = 4.0
_START_SECONDS = 120.0
_POSTPONED = 5
_DRAINED_SECONDS = 45.0


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How many, how long, and which faults by how often each is drawn."""

    seed: int = 1
    seconds: float = 20.0
    """At most."""
    rounds: int = 1_000_000
    """How often the bag of faults is emptied, at most."""
    services: int = 2
    workers: int = 4
    slots: int = 2
    learners: int = 8
    load: Load = Load()
    quiet_seconds: tuple[float, float] = (0.5, 3.0)
    """Between two faults."""
    stop_seconds: tuple[float, float] = (1.0, 12.0)
    outage_seconds: float = 4.0
    faults: Mapping[str, int] = msgspec.field(default_factory=lambda: dict(FAULTS))


class Figures(msgspec.Struct, kw_only=True):
    """What came of it; `print_figures` and `check` read it."""

    seconds: float = 0.0
    accepted: int = 0
    unanswered: int = 0
    """Stored, but the learner was not told: its service was killed before the answer."""
    refused: int = 0
    reconnects: int = 0
    faults: dict[str, int] = {}
    spared: int = 0
    """Kills that were put off: a submission had lost two attempts, and a third is our fault by the rules."""
    gave_up: int = 0
    """Processes that lost the database while they started, said so and ended; they are started again."""
    attempts_lost: int = 0
    longest_verdict_seconds: float = 0.0
    reruns: int = 0
    """Runs that died with a killed worker."""
    longest_pickup_seconds: float = 0.0
    longest_pickup_after_outage_seconds: float = 0.0
    doubles: list[str] = []
    wrong: list[str] = []
    lost: list[str] = []
    unheard: list[str] = []
    """Accepted, and no verdict came down the learner's stream."""
    twice: list[str] = []
    """Events that were heard twice."""
    broken: list[str] = []
    """What should not have happened to a process."""


def check(figures: Figures) -> list[str]:
    """What breaks the promise; empty where nothing does."""
    faults = [
        f"{len(found)} {name}: {found[:5]}"
        for name, found in (
            ("verdicts written twice", figures.doubles),
            ("wrong verdicts", figures.wrong),
            ("lost", figures.lost),
            ("never heard of", figures.unheard),
            ("events heard twice", figures.twice),
            ("processes misbehaved", figures.broken),
        )
        if found
    ]
    if figures.longest_pickup_seconds > PICKUP_SECONDS:
        faults.append(f"a rerun began {figures.longest_pickup_seconds:.1f} s after its worker was killed")
    return faults


def told(figures: Figures) -> str:
    """The figures, a line each."""
    lines = [f"{'seconds under load':<52}{figures.seconds:>9.0f}"]
    for name, value in (
        ("submissions accepted", figures.accepted),
        ("stored without an answer, and graded", figures.unanswered),
        ("requests refused or cut off, and made again", figures.refused),
        ("streams that were cut and gone on with", figures.reconnects),
        *((f"fault: {name}", count) for name, count in sorted(figures.faults.items())),
        ("kills put off: a submission had lost two attempts", figures.spared),
        ("starts that were given up in an outage", figures.gave_up),
        ("attempts that died", figures.attempts_lost),
        ("runs that died with a killed worker", figures.reruns),
        ("verdicts written twice", len(figures.doubles)),
        ("wrong", len(figures.wrong)),
        ("lost", len(figures.lost)),
        ("verdicts not heard", len(figures.unheard)),
        ("events heard twice", len(figures.twice)),
    ):
        lines.append(f"{name:<52}{value:>9}")
    for name, seconds in (
        ("longest time to a verdict, s", figures.longest_verdict_seconds),
        ("longest pickup after a SIGKILL, s", figures.longest_pickup_seconds),
        (
            "the same where the database was away, from its return",
            figures.longest_pickup_after_outage_seconds,
        ),
    ):
        lines.append(f"{name:<52}{seconds:>9.1f}")
    return "\n".join(lines)


class Chaos:
    """A run: what is alive, what happened to it, and when."""

    def __init__(self, plan: Plan, audit: Audit, folder: Path) -> None:
        self.plan = plan
        self.audit = audit
        self.folder = folder
        self.chance = random.Random(plan.seed)
        self.figures = Figures()
        self.services: list[KeptService] = []
        self.workers: list[KeptProcess] = []
        self.kills: list[tuple[float, str]] = []
        self.is_away = False
        """The database."""
        self.outages: list[tuple[float, float]] = []
        self.learners = Learners(self._addresses, random.Random(plan.seed + 1), plan.load)
        self._later: set[asyncio.Task[None]] = set()

    def _addresses(self) -> Sequence[str]:
        return [service.address for service in self.services]

    async def run(self, faults: dict[str, Callable[[], Coroutine[Any, Any, bool]]]) -> Figures:
        """Load, with faults among it, until the plan's time is over and the last verdict was heard."""
        cookies = [await self.learners.sign_up(number) for number in range(self.plan.learners)]
        start, stop = time.monotonic(), asyncio.Event()
        supervising = asyncio.create_task(self._supervise())
        crowd = [asyncio.create_task(self.learners.submit_until(stop, jar)) for jar in cookies]
        drawn = self._drawn(faults)
        postponed: list[str] = []
        while (left := self.plan.seconds - (time.monotonic() - start)) > 0:
            await asyncio.sleep(min(left, self.chance.uniform(*self.plan.quiet_seconds)))
            if any(learner.done() for learner in crowd):
                break
            name = postponed.pop(0) if postponed else next(drawn, None)
            if name is None:
                break
            if name in ("kill worker", "stop worker") and self.is_fragile():
                self.figures.spared += 1
                postponed.append(name)
            elif await faults[name]():
                self.figures.faults[name] = self.figures.faults.get(name, 0) + 1
            else:
                postponed.append(name)
                # What has no victim just now comes again; others go first.
                if len(postponed) < _POSTPONED and (other := next(drawn, None)) is not None:
                    postponed.insert(0, other)
        self.figures.seconds = time.monotonic() - start
        stop.set()
        for ended in await asyncio.gather(*self._later, return_exceptions=True):
            if isinstance(ended, BaseException):
                self.figures.broken.append(repr(ended))
        _, late = await asyncio.wait(crowd, timeout=_SETTLE_SECONDS)
        for learner in late:
            learner.cancel()
        for outcome in await asyncio.gather(*crowd, return_exceptions=True):
            if isinstance(outcome, Exception):
                self.figures.broken.append(f"a learner: {outcome!r}")
        await self._all_done()
        supervising.cancel()
        self._count()
        return self.figures

    def _drawn(self, names: Iterable[str]) -> Iterator[str]:
        """As from a bag that is filled anew when it is empty, so that each has its share."""
        for _ in range(self.plan.rounds):
            bag = [name for name in names for _ in range(self.plan.faults[name])]
            self.chance.shuffle(bag)
            yield from bag

    async def _supervise(self) -> None:
        """Whatever has ended is started again, and what ended by itself is told."""
        while True:
            await asyncio.sleep(_SUPERVISOR_SECONDS)
            for process in [*self.services, *self.workers]:
                if process.exit_code is None:
                    continue
                # It may have been told to stop before it could listen.
                if process.exit_code not in (0, -signal.SIGKILL, -signal.SIGTERM):
                    if self.is_away or time.time() - max(end for _, end in [(0, 0), *self.outages]) < 5:
                        self.figures.gave_up += 1
                    else:
                        self.figures.broken.append(f"{process.name} ended with {process.exit_code}")
                process.start()

    def is_fragile(self) -> bool:
        try:
            return self.audit.is_fragile()
        except Exception:
            return True

    async def _all_done(self) -> None:
        """What was stored without an answer is waited for as well."""
        deadline = time.monotonic() + _SETTLE_SECONDS
        while self.audit.undone() and time.monotonic() < deadline:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.2)

    def _count(self) -> None:
        figures, accepted = self.figures, self.learners.accepted
        changes = self.audit_changes = self.audit.changes()
        outcomes = final_outcomes(changes)
        stored = {change.submission_id for change in changes}
        figures.accepted = len(accepted)
        figures.unanswered = len(stored - accepted.keys())
        figures.refused, figures.reconnects = self.learners.refused, self.learners.reconnects
        figures.attempts_lost = self.audit.failures()
        figures.doubles = doubles(changes)
        figures.lost = sorted((accepted.keys() | stored) - outcomes.keys())
        for found in accepted.values():
            stored_outcome = outcomes.get(found.id)
            if stored_outcome not in (None, found.expected) or found.seen not in (None, found.expected):
                figures.wrong.append(
                    f"{found.id}: {found.expected} expected, {stored_outcome} stored, {found.seen} heard"
                )
            if found.seen is None:
                figures.unheard.append(found.id)
            else:
                took = found.seen_at - found.submitted_at
                figures.longest_verdict_seconds = max(figures.longest_verdict_seconds, took)
            figures.twice += [f"{found.id}: {event}" for event in found.twice]
        for pickup in pickups(changes, self.kills, self.outages):
            figures.reruns += 1
            if pickup.seconds is None:
                continue
            if pickup.in_outage:
                figures.longest_pickup_after_outage_seconds = max(
                    figures.longest_pickup_after_outage_seconds, pickup.seconds
                )
            else:
                figures.longest_pickup_seconds = max(figures.longest_pickup_seconds, pickup.seconds)

    def later(self, seconds: float, what: Callable[[], None]) -> None:
        """As a supervisor does it."""

        async def wait() -> None:
            await asyncio.sleep(seconds)
            what()

        self.beside(wait())

    def beside(self, what: Coroutine[Any, Any, None]) -> None:
        """Runs it while the chaos goes on; the end waits for it."""
        task = asyncio.create_task(what)
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    def put_away(self) -> None:
        for process in [*self.services, *self.workers]:
            process.put_away()


class _PostgresFaults:
    def __init__(self, chaos: Chaos, server: PostgresServer) -> None:
        self._chaos = chaos
        self._server = server
        self._starting: list[KeptService] = []

    def all(self) -> dict[str, Callable[[], Coroutine[Any, Any, bool]]]:
        return {
            "kill worker": self.kill_worker,
            "stop worker": self.stop_worker,
            "drain worker": self.drain_worker,
            "kill service": self.kill_service,
            "restart database": self.restart_database,
            "outage": self.outage,
        }

    def _some_worker(self) -> KeptProcess | None:
        """One that is not stopped; None where nobody would be left who can take over."""
        workers = self._chaos.workers
        victims = [
            worker
            for worker in workers
            if worker.is_alive
            and not worker.is_stopped
            and any(other.is_steady(_STEADY_SECONDS) for other in workers if other is not worker)
        ]
        return self._chaos.chance.choice(victims) if victims else None

    async def kill_worker(self) -> bool:
        if (worker := self._some_worker()) is None:
            return False
        worker.kill()
        self._chaos.kills.append((time.time(), worker.application_name))
        return True

    async def stop_worker(self) -> bool:
        """It comes back after a while, and knows nothing of the time between."""
        if (worker := self._some_worker()) is None:
            return False
        worker.signal(signal.SIGSTOP)
        seconds = self._chaos.chance.uniform(*self._chaos.plan.stop_seconds)
        self._chaos.later(seconds, lambda: worker.signal(signal.SIGCONT))
        return True

    async def drain_worker(self) -> bool:
        if (worker := self._some_worker()) is None:
            return False
        worker.signal(signal.SIGTERM)
        self._chaos.beside(self._drained(worker))
        return True

    async def _drained(self, worker: KeptProcess) -> None:
        life, deadline = worker.life, time.monotonic() + _DRAINED_SECONDS
        while worker.life == life and worker.is_alive:
            if time.monotonic() > deadline:
                self._chaos.figures.broken.append(f"{worker.name} does not stop")
                worker.kill()
            await asyncio.sleep(0.1)

    async def kill_service(self) -> bool:
        """One that is up; learners go on with the others."""
        up = [service for service in self._chaos.services if service not in self._starting]
        if len(up) < 2:
            return False
        service = self._chaos.chance.choice(up)
        self._starting.append(service)
        service.kill()

        async def start() -> None:
            while not await service.answers_now():  # noqa: ASYNC110 - nor of this
                await asyncio.sleep(0.2)
            self._starting.remove(service)

        self._chaos.beside(start())
        return True

    async def restart_database(self) -> bool:
        await self._away(0.0)
        return True

    async def outage(self) -> bool:
        await self._away(self._chaos.plan.outage_seconds)
        return True

    async def _away(self, seconds: float) -> None:
        begin, self._chaos.is_away = time.time(), True
        await asyncio.to_thread(self._server.crash)
        await asyncio.sleep(seconds)
        await asyncio.to_thread(self._server.start)
        self._chaos.outages.append((begin, time.time()))
        self._chaos.is_away = False


@asynccontextmanager
async def fleet(
    plan: Plan,
    server: PostgresServer,
    folder: Path,
    programs: tuple[tuple[str, ...], tuple[str, ...]] = (SCRIPTED_SERVICE, SCRIPTED_WORKER),
) -> AsyncIterator[Chaos]:
    """The services and workers of the plan, not started; whatever is left of them at the end is killed."""
    url = server.new_database()
    settings = {**_settings(plan, folder), "database_url": url}
    chaos = Chaos(plan, Audit(url), folder)
    serving = {**settings, "worker": "false"}
    chaos.services = [
        KeptService(f"service{number}", programs[0], serving, folder) for number in range(plan.services)
    ]
    chaos.workers = [
        KeptProcess(f"worker{number}", programs[1], {**settings, "worker_name": f"worker{number}"}, folder)
        for number in range(plan.workers)
    ]
    try:
        yield chaos
    finally:
        chaos.put_away()


async def chaos_on_postgres(plan: Plan, server: PostgresServer, folder: Path) -> Figures:
    """Everything at once."""
    async with fleet(plan, server, folder) as chaos:
        first, *others = chaos.services
        first.start()
        # It makes the schema; the others need not wait for that one by one.
        await first.answers()
        for process in [*others, *chaos.workers]:
            process.start()
        for service in others:
            await service.answers()
        async with asyncio.timeout(_START_SECONDS):
            while not all(worker.is_ready for worker in chaos.workers):  # noqa: ASYNC110 - nor of this
                await asyncio.sleep(0.1)
        for worker in chaos.workers:
            worker.settle()
        chaos.audit.begin()
        return await chaos.run(_PostgresFaults(chaos, server).all())


def _settings(plan: Plan, folder: Path) -> dict[str, str]:
    write_problem(small_problem(), folder)
    return {
        "data_dir": str(folder / "data"),
        "problems_dir": str(folder / "problems"),
        "references_dir": str(folder / "references"),
        "slots": str(plan.slots),
        "kept_slots": "0",
        "drain_seconds": "20",
        "queue_limit": "10000",
        "waiting_per_user": "1000",
    }


async def chaos_on_sqlite(plan: Plan, folder: Path) -> Figures:
    """One service that grades by itself is killed again and again."""
    data = folder / "data"
    data.mkdir()
    chaos = Chaos(plan, Audit(f"sqlite:///{data / 'jaxercise.db'}"), folder)
    settings = _settings(plan, folder)
    [service] = chaos.services = [KeptService("service", SCRIPTED_SERVICE, settings, folder)]

    async def kill() -> bool:
        if chaos.is_fragile():
            chaos.figures.spared += 1
            return False
        service.kill()
        service.start()
        await service.answers()
        return True

    try:
        service.start()
        await service.answers()
        chaos.audit.begin()
        return await chaos.run({"kill service": kill})
    finally:
        chaos.put_away()
