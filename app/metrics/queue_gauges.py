"""The queue and the workers, as the database has them."""

import asyncio
import logging
import math
import time
from collections.abc import Iterable, Iterator
from typing import Protocol

import msgspec
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import CollectorRegistry

from app.core.service_status import QueueFigures, WorkerState
from app.store.engine.database import Database
from app.store.queries.queue_stats import queue_figures
from app.store.queries.workers import count_workers

_FRESH_SECONDS = 3.0
_PATIENCE_SECONDS = 2.0
_LOST = "lost"

_log = logging.getLogger("jaxercise.metrics")


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one moment."""

    queue: QueueFigures
    workers: dict[WorkerState | None, int]
    """How many are in each state; None for those that are lost."""


class Collector(Protocol):
    """What a registry asks."""

    def collect(self) -> Iterable[Metric]: ...


class QueueGauges:
    """A collector of figures that `refresh` has read; without any, as while the database is away, of nothing.

    A gauge that is absent can be told from one that is zero.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._database: Database | None = None
        self._figures: Figures | None = None
        self._asked_at = -math.inf
        self._fresh_seconds = _FRESH_SECONDS
        self._patience_seconds = _PATIENCE_SECONDS
        self._is_away = False
        registry.register(self)

    def watch(
        self,
        database: Database,
        *,
        fresh_seconds: float = _FRESH_SECONDS,
        patience_seconds: float = _PATIENCE_SECONDS,
    ) -> None:
        """Read the figures from this database from now on."""
        self._database = database
        self._fresh_seconds = fresh_seconds
        self._patience_seconds = patience_seconds

    async def refresh(self) -> None:
        """Read the figures unless they are fresh; two seconds at most, and never raise."""
        if self._database is None or time.monotonic() - self._asked_at < self._fresh_seconds:
            return
        self._asked_at = time.monotonic()
        try:
            async with asyncio.timeout(self._patience_seconds):
                self._figures = await _read(self._database)
        except Exception as fault:
            if not self._is_away:
                _log.warning("the queue's figures cannot be read: %s", type(fault).__name__)
            self._figures = None
        self._is_away = self._figures is None

    def collect(self) -> Iterator[Metric]:
        waiting = GaugeMetricFamily(
            "jaxercise_submissions_waiting",
            "Jobs that wait: `interactive` are learners' own submissions, `watched` what somebody watches, "
            "such as a proof, `bulk` are regrades",
            labels=["priority"],
        )
        oldest = GaugeMetricFamily(
            "jaxercise_oldest_waiting_seconds",
            "How long the oldest job that waits has waited; 0 where none does",
            labels=["priority"],
        )
        running = GaugeMetricFamily(
            "jaxercise_submissions_running", "Submissions that are being graded, and other jobs that run"
        )
        workers = GaugeMetricFamily(
            "jaxercise_workers",
            "Workers that are `starting`, `grading` or `draining`, and those that are `lost`: "
            "unheard of for 10 seconds",
            labels=["state"],
        )
        if self._figures is not None:
            queue = self._figures.queue
            waiting.add_metric(["interactive"], queue.waiting_interactive)
            waiting.add_metric(["watched"], queue.waiting_watched)
            waiting.add_metric(["bulk"], queue.waiting_bulk)
            oldest.add_metric(["interactive"], queue.oldest_interactive_seconds)
            oldest.add_metric(["watched"], queue.oldest_watched_seconds)
            oldest.add_metric(["bulk"], queue.oldest_bulk_seconds)
            running.add_metric([], queue.running)
            for state in (*WorkerState, None):
                workers.add_metric([state or _LOST], self._figures.workers.get(state, 0))
        yield from (waiting, oldest, running, workers)


async def _read(database: Database) -> Figures:
    async with database.reading() as connection:
        queue = await queue_figures(connection)
        workers = await count_workers(connection)
    return Figures(queue=queue, workers=workers)
