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

from tests.chaos.audit import Audit, doubles, final_outcomes, pickups
from tests.chaos.faults import Fault, PostgresFaults
from tests.chaos.figures import Figures
from tests.chaos.learners import Learners, Load
from tests.chaos.processes import SCRIPTED_SERVICE, SCRIPTED_WORKER, SupervisedProcess, SupervisedService
from tests.support.postgres import PostgresServer
from tests.support.small_problem import small_problem, write_problem

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


class Chaos:
    """A run: what is alive, what happened to it, and when."""

    def __init__(self, plan: Plan, audit: Audit, folder: Path) -> None:
        self.plan = plan
        self.audit = audit
        self.folder = folder
        self.chance = random.Random(plan.seed)
        self.figures = Figures()
        self.services: list[SupervisedService] = []
        self.workers: list[SupervisedProcess] = []
        self.kills: list[tuple[float, str]] = []
        self.is_away = False
        """The database."""
        self.outages: list[tuple[float, float]] = []
        self.learners = Learners(self._addresses, random.Random(plan.seed + 1), plan.load)
        self._later: set[asyncio.Task[None]] = set()

    def _addresses(self) -> Sequence[str]:
        return [service.address for service in self.services]

    async def run(self, faults: dict[str, Fault]) -> Figures:
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
                # It may have been told to stop before it could listen, or have given up after many kills.
                if process.exit_code not in (0, -signal.SIGKILL, -signal.SIGTERM, 128 + signal.SIGKILL):
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
                figures.unreceived.append(found.id)
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
        SupervisedService(f"service{number}", programs[0], serving, folder) for number in range(plan.services)
    ]
    chaos.workers = [
        SupervisedProcess(
            f"worker{number}", programs[1], {**settings, "worker_name": f"worker{number}"}, folder
        )
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
        return await chaos.run(
            PostgresFaults(
                chaos, server, stop_seconds=plan.stop_seconds, outage_seconds=plan.outage_seconds
            ).all()
        )


def _settings(plan: Plan, folder: Path) -> dict[str, str]:
    write_problem(small_problem(), folder)
    return {
        "data_dir": str(folder / "data"),
        "problems_dir": str(folder / "problems"),
        "references_dir": str(folder / "references"),
        "slots": str(plan.slots),
        "reserved_slots": "0",
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
    [service] = chaos.services = [SupervisedService("service", SCRIPTED_SERVICE, settings, folder)]

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
