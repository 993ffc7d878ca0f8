"""For operators: health and metrics at the root, which machines ask, and the status, which admins do."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, FastAPI, Request, Response

from app.api.openapi import SIGNED_IN, answers
from app.core.service_status import ServiceStatus
from app.http.authentication import Admin
from app.http.responses import JsonAnswer
from app.http.services import StatusReportService
from app.metrics.metrics import Metrics

HEALTH_PATHS = ("/healthz", "/readyz", "/metrics")
_PATIENCE_SECONDS = 3.0
# Load balancers may ask for the head alone.
_METHODS = ["GET", "HEAD"]

router = APIRouter(tags=["operators"])
_health = APIRouter(include_in_schema=False)
_figures = APIRouter(include_in_schema=False)


class Readiness:
    """Named checks of whether the service can do its work; each raises or returns a sentence where not."""

    def __init__(self, *, patience_seconds: float = _PATIENCE_SECONDS) -> None:
        self._checks: dict[str, Callable[[], Awaitable[str | None]]] = {}
        self._patience_seconds = patience_seconds

    def add(self, name: str, check: Callable[[], Awaitable[str | None]]) -> None:
        """Add a check, in the place of one that had this name."""
        self._checks[name] = check

    async def missing(self) -> dict[str, str]:
        """Return what is missing, by name; empty if the service is ready."""
        found = {}
        for name, check in self._checks.items():
            try:
                async with asyncio.timeout(self._patience_seconds):
                    reason = await check()
            except Exception as fault:
                reason = type(fault).__name__
            if reason is not None:
                found[name] = reason
        return found


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """The metrics and the readiness that a process reports of itself."""

    metrics: Metrics
    readiness: Readiness


def add_health(app: FastAPI, health: Health, *, in_public: bool = True) -> None:
    """Have `app` answer /healthz, and where that is `in_public` on its port, /readyz and /metrics."""
    app.state.health = health
    app.include_router(_health)
    if in_public:
        app.include_router(_figures)


def health_of(app: FastAPI) -> Health:
    """Return what `add_health` was given."""
    health: Health = app.state.health
    return health


async def _health_of_request(request: Request) -> Health:
    return health_of(request.app)


OwnHealth = Annotated[Health, Depends(_health_of_request)]


def worker_app(health: Health) -> FastAPI:
    """Return the application of a process that grades and has no pages: everything else is a 404."""
    app = FastAPI(openapi_url=None)
    add_health(app, health)
    return app


@_health.api_route("/healthz", methods=_METHODS)
async def healthz() -> Response:
    """Say that the process answers."""
    return JsonAnswer({"status": "ok"})


@_figures.api_route("/readyz", methods=_METHODS)
async def readyz(health: OwnHealth) -> Response:
    """Say that the database answers and submissions are graded; otherwise 503 and what is missing."""
    missing = await health.readiness.missing()
    if missing:
        return JsonAnswer({"status": "not ready", "missing": missing}, 503)
    return JsonAnswer({"status": "ready"})


@_figures.api_route("/metrics", methods=_METHODS)
async def metrics(health: OwnHealth) -> Response:
    """Return counts in Prometheus' text format."""
    return Response(await health.metrics.text(), media_type=Metrics.MEDIA_TYPE)


@router.get(
    "/status",
    summary="Workers, queue, last failures, versions; for admins",
    responses=answers(ServiceStatus, says="How the service is doing."),
    openapi_extra=SIGNED_IN,
)
async def read_status(report: StatusReportService, _: Admin) -> Response:
    return JsonAnswer(await report.read())
