"""Counts that a process keeps of its own work, and everything that it reports to Prometheus."""

from collections.abc import Callable
from typing import Literal

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

from app.core.outcome import Outcome
from app.core.verdict import Confirmation, Verdict
from app.metrics.process_memory import MemoryGauges
from app.metrics.queue_gauges import QueueGauges

RefusalReason = Literal["queue_full", "learner_limit"]
Stage = Literal["waiting", "running", "diagnosis", "storing"]
_STAGES: tuple[Stage, ...] = ("waiting", "running", "diagnosis", "storing")
_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80)
_STAGE_SECONDS = (0.005, 0.02, *_SECONDS, 160, 320)
_HOLD_SECONDS = (0.25, 0.5, 1, 2.5, 5, 10)
_LIMITS = {
    Outcome.TIME_LIMIT: "time",
    Outcome.MEMORY_LIMIT: "memory",
    Outcome.OUTPUT_LIMIT: "output",
    Outcome.PROCESS_LIMIT: "processes",
}


class Metrics:
    """All metrics of one application, in a registry of its own.

    `requests` and `grading` are for whoever does that work; `queue.watch(database)` once there is one.
    """

    MEDIA_TYPE = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = RequestCounts(self._registry)
        self.grading = GradingCounts(self._registry)
        self.queue = QueueGauges(self._registry)
        self._memory = MemoryGauges(self._registry)
        self._holds = Histogram(
            "jaxercise_loop_held_seconds",
            "Times of a fifth of a second or more in which one piece of work kept the process from answering "
            "anybody; the log says where the last one was",
            buckets=_HOLD_SECONDS,
            registry=self._registry,
        )

    def loop_held(self, seconds: float) -> None:
        """Count a time in which somebody held the event loop."""
        self._holds.observe(seconds)

    async def text(self) -> bytes:
        """Return all in Prometheus' text format; what cannot be known just now is left out."""
        await self.queue.refresh()
        await self._memory.refresh()
        return generate_latest(self._registry)


class RequestCounts:
    """Requests answered, and submissions turned away."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "jaxercise_requests", "Answered requests", ["method", "status"], registry=registry
        )
        self._refused = Counter(
            "jaxercise_submissions_refused",
            "Submissions turned away: `queue_full`, or `learner_limit` where one learner has "
            "too many waiting",
            ["reason"],
            registry=registry,
        )
        # Both are there from the start, so that a rate can be taken of the first one.
        reasons: tuple[RefusalReason, ...] = ("queue_full", "learner_limit")
        for reason in reasons:
            self._refused.labels(reason)

    def answered(self, method: str, status: int) -> None:
        """Count one request."""
        self._requests.labels(method, status).inc()

    def refused(self, reason: RefusalReason) -> None:
        """Count one; `queue_full`: too many wait; `learner_limit`: too many of this learner's do."""
        self._refused.labels(reason).inc()


class GradingCounts:
    """Verdicts, the seconds of each stage, the limits that were hit, and failures of ours."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        """Count for `registry`, or without one for nobody."""
        registry = registry or CollectorRegistry()
        self._verdicts = Counter(
            "jaxercise_verdicts", "Verdicts, by their outcomes", ["outcome"], registry=registry
        )
        self._seconds = Histogram(
            "jaxercise_grading_seconds", "A grading as a whole", buckets=_SECONDS, registry=registry
        )
        self._stages = Histogram(
            "jaxercise_grading_stage_seconds",
            "`waiting` until a worker takes it up the first time, `running` in the jail and comparing, "
            "`diagnosis` of what is wrong, `storing` the verdict",
            ["stage"],
            buckets=_STAGE_SECONDS,
            registry=registry,
        )
        self._limits = Counter(
            "jaxercise_limits_hit",
            "Submissions that reached a limit of their problem: `time`, `memory`, `output`, `processes`",
            ["limit"],
            registry=registry,
        )
        self._failures = Counter(
            "jaxercise_failures",
            "Attempts at grading that failed through our fault; another attempt follows, three at most",
            registry=registry,
        )
        self._confirmations = Counter(
            "jaxercise_confirmations",
            "Acceptances of a warm jail that a fresh one was asked about: `confirmed`, `refused`, or "
            "`given_up` through our fault",
            ["confirmation"],
            registry=registry,
        )
        self._jails = Gauge(
            "jaxercise_waiting_jails", "Jails that wait for a learner's next submission", registry=registry
        )
        # There from the start, so that a rate can be taken of the first one.
        for stage in _STAGES:
            self._stages.labels(stage)
        for limit in _LIMITS.values():
            self._limits.labels(limit)
        for confirmation in Confirmation:
            if confirmation is not Confirmation.PENDING:
                self._confirmations.labels(confirmation.value)

    def verdict(self, verdict: Verdict) -> None:
        """Count one that was stored. Each limit counts once, however many cases reached it."""
        self._verdicts.labels(verdict.outcome.value).inc()
        self._seconds.observe(verdict.wall_seconds)
        for outcome in {verdict.outcome, *(case.outcome for case in verdict.cases)}:
            if outcome in _LIMITS:
                self._limits.labels(_LIMITS[outcome]).inc()

    def stage(self, stage: Stage, seconds: float) -> None:
        """Count the seconds of one stage of one submission."""
        self._stages.labels(stage).observe(max(0.0, seconds))

    def confirmation(self, confirmation: Confirmation) -> None:
        """Count what came of an acceptance that a fresh jail was asked about."""
        self._confirmations.labels(confirmation.value).inc()

    def failure(self) -> None:
        """Count an attempt at grading that failed through our fault."""
        self._failures.inc()

    def watch_jails(self, count: Callable[[], int]) -> None:
        """Report what `count` returns, asked for each text."""
        self._jails.set_function(count)
