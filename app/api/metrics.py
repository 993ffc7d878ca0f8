"""Counters and gauges for Prometheus; each application has its own registry."""

from collections.abc import Callable

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

from app.core.verdict import Verdict


class Metrics:
    """What is counted: requests, verdicts by outcome, seconds of grading, and the queue."""

    MEDIA_TYPE = CONTENT_TYPE_LATEST

    def __init__(self, *, waiting: Callable[[], int]) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "jaxercise_requests", "Answered requests", ["method", "status"], registry=self._registry
        )
        self._verdicts = Counter(
            "jaxercise_verdicts", "Verdicts reached", ["outcome"], registry=self._registry
        )
        self._seconds = Histogram(
            "jaxercise_grading_seconds",
            "Wall time of a grading",
            buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80),
            registry=self._registry,
        )
        queue = Gauge("jaxercise_submissions_waiting", "Submissions in the queue", registry=self._registry)
        queue.set_function(waiting)

    def request(self, method: str, status: int) -> None:
        self._requests.labels(method, status).inc()

    def verdict(self, verdict: Verdict) -> None:
        self._verdicts.labels(verdict.outcome.value).inc()
        self._seconds.observe(verdict.wall_seconds)

    def text(self) -> bytes:
        return generate_latest(self._registry)
