"""What a load balancer and a monitoring system ask, at the root."""

from typing import cast

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.api.readiness import Readiness
from app.http.json_answer import JsonAnswer
from app.metrics.metrics import Metrics

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
async def healthz(_: Request) -> Response:
    """The process answers."""
    return JsonAnswer({"status": "ok"})


@router.get("/readyz")
async def readyz(request: Request) -> Response:
    """The database answers and submissions are graded; otherwise 503 and what is missing."""
    missing = await cast(Readiness, request.app.state.readiness).missing()
    if missing:
        return JsonAnswer({"status": "not ready", "missing": missing}, 503)
    return JsonAnswer({"status": "ready"})


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """Counts in Prometheus' text format."""
    text = await cast(Metrics, request.app.state.metrics).text()
    return Response(text, media_type=Metrics.MEDIA_TYPE)
