"""What a process answers that grades and has no pages: /healthz, /readyz and /metrics."""

from starlette.applications import Starlette
from starlette.routing import Route

from app.api.health import healthz, metrics, readyz
from app.api.readiness import Readiness
from app.metrics.metrics import Metrics


def worker_app(counted: Metrics, readiness: Readiness) -> Starlette:
    """The same answers as the service's own; opens nothing by itself, and everything else is a 404."""
    app = Starlette(routes=[Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)])
    app.state.metrics = counted
    app.state.readiness = readiness
    return app
