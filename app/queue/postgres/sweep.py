"""Whose job nobody does any more is done by somebody else: a guarded look, once a second, in every worker."""

import asyncio
import logging
import random
import time

import msgspec

from app.queue.postgres import statements as procrastinate_jobs
from app.queue.postgres import turns
from app.queue.postgres.app import enqueue, make_app
from app.queue.postgres.statements import LOOK_AT, Place, look_for_missing_jobs
from app.store.engine.database import Database

_LOOKERS = 8
"""How many of all workers look for dead ones in each second, on average."""
_FREE_WORKERS_AT_ONCE = 4
_SPAN_SECONDS = 0.002
"""A worker: as long as one look of PostgreSQL's for a job takes, and what its network may add."""

_log = logging.getLogger("jaxercise.worker")


class SweepTimes(msgspec.Struct, frozen=True, kw_only=True):
    """How often a worker looks after the jobs of all, and when it takes another one for dead."""

    stalled_seconds: float = 5.0
    """A worker whose heart has not beaten for so long is dead."""
    look_seconds: float = 1.0
    first_seconds: float = 2.5
    """After a start: those who live have beaten at least once within it."""
    round_seconds: float = 10.0
    """From the begin of one round of looks for missing jobs to that of the next."""
    look_at: int = LOOK_AT
    """How many jobs one such look goes through."""
    turn_kept_seconds: float = 3600.0
    """How long it is known that somebody had a turn: of who has solved nothing yet, from which network."""
    late_seconds: float = 2.5
    """A sweep that comes so long after the last one was held up, and so perhaps were the others."""

    @property
    def forget_seconds(self) -> float:
        """The age of a heartbeat beyond which the row of its worker goes; its jobs were freed long before."""
        return 6 * self.stalled_seconds


class Sweep:
    """Frees the jobs of dead workers and those that this one lost, and makes jobs that are missing."""

    def __init__(self, database: Database, times: SweepTimes | None = None) -> None:
        self._database = database
        self._times = times or SweepTimes()
        self._app = make_app(database.url)
        self._running: dict[int, int | None] = {}
        self._worker_ids: set[int] = set()
        self._lost: set[int] = set()
        self._share = 1.0
        self._look_after: Place | None = None
        self.span_seconds = 0.0
        """Within which so many workers as there are now should look for a job that all are told of."""

    def began(self, job_id: int, worker_id: int | None) -> None:
        """Take down that this worker does the job."""
        self._running[job_id] = worker_id
        if worker_id is not None:
            self._worker_ids.add(worker_id)

    def ended(self, job_id: int) -> None:
        """Take down that it no longer does."""
        self._running.pop(job_id, None)

    async def run(self) -> None:
        """Sweep each second until cancelled."""
        times = self._times
        looked = time.monotonic()
        quiet_until = looked + times.first_seconds
        round_began = -float("inf")
        while True:
            now = time.monotonic()
            if now - looked > times.late_seconds:
                # After an outage, or where this process was stopped, every heart seems to stand still.
                quiet_until = now + times.stalled_seconds
            try:
                await self._beat()
                await self._free_lost_jobs()
                await self._count_workers()
                if now >= quiet_until and self._has_its_turn():
                    await self._free_jobs_of_the_dead()
                # A round of many looks goes on from second to second.
                if self._look_after is not None or now - round_began >= times.round_seconds:
                    if self._look_after is None:
                        round_began = now
                    if self._has_its_turn():
                        await self._make_missing_jobs()
                looked = time.monotonic()
            except Exception as fault:
                _log.debug("no sweep: %s", type(fault).__name__)
            await asyncio.sleep(times.look_seconds)

    def _has_its_turn(self) -> bool:
        """Return whether this worker does now what any may do for all: a few of many, by chance."""
        return random.random() < self._share  # noqa: S311 - no secret

    async def _beat(self) -> None:
        """Renew the heartbeats of busy workers: Procrastinate does not while it waits for its last jobs."""
        beating = {worker_id for worker_id in self._running.values() if worker_id is not None}
        if beating:
            async with self._database.transaction() as connection:
                await procrastinate_jobs.beat(connection, beating)

    async def _free_jobs_of_the_dead(self) -> None:
        async with self._database.transaction() as connection:
            freed = await procrastinate_jobs.free_jobs_of_the_dead(
                connection, stalled_seconds=self._times.stalled_seconds
            )
        if freed:
            _log.warning("%d jobs are taken over from workers that have died", freed)

    async def _free_lost_jobs(self) -> None:
        """Free what a completion that could not be written left in the hands of a living worker."""
        if not self._worker_ids:
            return
        async with self._database.reading() as connection:
            in_hand = await procrastinate_jobs.jobs_in_hand(connection, self._worker_ids)
        lost = in_hand - self._running.keys()
        # One that was just fetched, or is just being finished, is not lost: it takes two looks.
        if again := lost & self._lost:
            async with self._database.transaction() as connection:
                await procrastinate_jobs.free_jobs(connection, again, self._worker_ids)
        self._lost = lost

    async def _count_workers(self) -> None:
        async with self._database.reading() as connection:
            counts = await procrastinate_jobs.count_workers(
                connection, stalled_seconds=self._times.stalled_seconds
            )
        self.span_seconds = _SPAN_SECONDS * max(0, counts.free - _FREE_WORKERS_AT_ONCE)
        self._share = min(1.0, _LOOKERS / max(1, counts.living))

    async def _make_missing_jobs(self) -> None:
        async with self._database.transaction() as connection:
            look = await look_for_missing_jobs(connection, self._look_after, look_at=self._times.look_at)
            for ticket in look.missing:
                await enqueue(self._app, connection, ticket)
            if look.end is None:
                await turns.forget_old(connection, kept_seconds=self._times.turn_kept_seconds)
        self._look_after = look.end
        if look.missing:
            _log.warning("%d jobs were not in the queue, and are again", len(look.missing))
