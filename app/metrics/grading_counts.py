"""What a process that grades counts of its work."""

from collections.abc import Callable
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from app.core.outcome import Outcome
from app.core.verdict import Verdict

Stage = Literal["waiting", "running", "diagnosis", "storing"]
_STAGES: tuple[Stage, ...] = ("waiting", "running", "diagnosis", "storing")
_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80)
_STAGE_SECONDS = (0.005, 0.02, *_SECONDS, 160, 320)
_LIMITS = {
    Outcome.TIME_LIMIT: "time",
    Outcome.MEMORY_LIMIT: "memory",
    Outcome.OUTPUT_LIMIT: "output",
    Outcome.PROCESS_LIMIT: "processes",
}


class GradingCounts:
    """Verdicts, the seconds of each stage, the limits that were hit, and failures of ours."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        """Without a registry nobody is told."""
        registry = registry or CollectorRegistry()
        self._verdicts = Counter("jaxercise_verdicts", "Verdicts reached", ["outcome"], registry=registry)
        self._seconds = Histogram(
            "jaxercise_grading_seconds", "Wall time of a grading", buckets=_SECONDS, registry=registry
        )
        self._stages = Histogram(
            "jaxercise_grading_stage_seconds",
            "Wall time of each stage of a submission's way",
            ["stage"],
            buckets=_STAGE_SECONDS,
            registry=registry,
        )
        self._limits = Counter(
            "jaxercise_limits_hit", "Submissions that reached a limit", ["limit"], registry=registry
        )
        self._failures = Counter(
            "jaxercise_failures", "Attempts at grading that failed through our fault", registry=registry
        )
        self._jails = Gauge(
            "jaxercise_waiting_jails", "Jails that wait for a learner's next submission", registry=registry
        )
        # There from the start, so that a rate can be taken of the first one.
        for stage in _STAGES:
            self._stages.labels(stage)
        for limit in _LIMITS.values():
            self._limits.labels(limit)

    def verdict(self, verdict: Verdict) -> None:
        """One that was stored. Each limit counts once, however many cases reached it."""
        self._verdicts.labels(verdict.outcome.value).inc()
        self._seconds.observe(verdict.wall_seconds)
        for outcome in {verdict.outcome, *(case.outcome for case in verdict.cases)}:
            if outcome in _LIMITS:
                self._limits.labels(_LIMITS[outcome]).inc()

    def stage(self, stage: Stage, seconds: float) -> None:
        self._stages.labels(stage).observe(max(0.0, seconds))

    def failure(self) -> None:
        self._failures.inc()

    def watch_jails(self, count: Callable[[], int]) -> None:
        """`count` is asked for each text."""
        self._jails.set_function(count)
