"""What is done to the processes of a chaos on PostgreSQL, one fault at a time."""

import asyncio
import random
import signal
import time
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from tests.chaos.figures import Figures
from tests.chaos.processes import SupervisedProcess, SupervisedService
from tests.support.postgres import PostgresServer

_DRAINED_SECONDS = 45.0
# A worker has started by then, on a busy machine too, and knows who is dead.
_STEADY_SECONDS = 4.0

Fault = Callable[[], Coroutine[Any, Any, bool]]
"""Done to whoever is there; False where there is no victim just now."""


class Disturbed(Protocol):
    """The part of `Chaos` that is used here."""

    chance: random.Random
    figures: Figures
    services: list[SupervisedService]
    workers: list[SupervisedProcess]
    kills: list[tuple[float, str]]
    outages: list[tuple[float, float]]
    is_away: bool

    def later(self, seconds: float, what: Callable[[], None]) -> None: ...

    def beside(self, what: Coroutine[Any, Any, None]) -> None: ...


class PostgresFaults:
    def __init__(
        self,
        chaos: Disturbed,
        server: PostgresServer,
        *,
        stop_seconds: tuple[float, float],
        outage_seconds: float,
    ) -> None:
        self._chaos = chaos
        self._server = server
        self._stop_seconds = stop_seconds
        self._outage_seconds = outage_seconds
        self._starting: list[SupervisedService] = []

    def all(self) -> dict[str, Fault]:
        return {
            "kill worker": self.kill_worker,
            "stop worker": self.stop_worker,
            "drain worker": self.drain_worker,
            "kill service": self.kill_service,
            "restart database": self.restart_database,
            "outage": self.outage,
        }

    def _some_worker(self) -> SupervisedProcess | None:
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
        # With all that belongs to it, or only what does its work.
        self._chaos.chance.choice((worker.kill, worker.kill_work))()
        self._chaos.kills.append((time.time(), worker.application_name))
        return True

    async def stop_worker(self) -> bool:
        """It comes back after a while, and knows nothing of the time between."""
        if (worker := self._some_worker()) is None:
            return False
        worker.signal(signal.SIGSTOP)
        seconds = self._chaos.chance.uniform(*self._stop_seconds)
        self._chaos.later(seconds, lambda: worker.signal(signal.SIGCONT))
        return True

    async def drain_worker(self) -> bool:
        if (worker := self._some_worker()) is None:
            return False
        worker.signal(signal.SIGTERM)
        self._chaos.beside(self._drained(worker))
        return True

    async def _drained(self, worker: SupervisedProcess) -> None:
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
        await self._away(self._outage_seconds)
        return True

    async def _away(self, seconds: float) -> None:
        begin, self._chaos.is_away = time.time(), True
        await asyncio.to_thread(self._server.crash)
        await asyncio.sleep(seconds)
        await asyncio.to_thread(self._server.start)
        self._chaos.outages.append((begin, time.time()))
        self._chaos.is_away = False
