"""Requests, and submissions that were turned away."""

from typing import Literal

from prometheus_client import CollectorRegistry, Counter

RefusalReason = Literal["queue_full", "learner_limit"]


class RequestCounts:
    """What a process that answers requests counts."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "jaxercise_requests", "Answered requests", ["method", "status"], registry=registry
        )
        self._refused = Counter(
            "jaxercise_submissions_refused", "Submissions turned away", ["reason"], registry=registry
        )
        # Both are there from the start, so that a rate can be taken of the first one.
        reasons: tuple[RefusalReason, ...] = ("queue_full", "learner_limit")
        for reason in reasons:
            self._refused.labels(reason)

    def answered(self, method: str, status: int) -> None:
        self._requests.labels(method, status).inc()

    def refused(self, reason: RefusalReason) -> None:
        """`queue_full`: too many wait; `learner_limit`: too many of this learner's do."""
        self._refused.labels(reason).inc()
