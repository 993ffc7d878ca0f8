"""Everything that one process tells Prometheus; each application has its own registry."""

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from app.metrics.grading_counts import GradingCounts
from app.metrics.process_memory import MemoryGauges
from app.metrics.queue_gauges import QueueGauges
from app.metrics.request_counts import RequestCounts


class Metrics:
    """`requests` and `grading` are for whoever does that work; `queue.watch(database)` once there is one."""

    MEDIA_TYPE = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = RequestCounts(self._registry)
        self.grading = GradingCounts(self._registry)
        self.queue = QueueGauges(self._registry)
        self._memory = MemoryGauges(self._registry)

    async def text(self) -> bytes:
        """In Prometheus' text format; what cannot be known just now is left out."""
        await self.queue.refresh()
        await self._memory.refresh()
        return generate_latest(self._registry)
