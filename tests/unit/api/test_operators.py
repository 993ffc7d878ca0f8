"""Health, readiness and metrics, of the service and of a worker that has no pages."""

from pathlib import Path

import httpx
import pytest

from app.api.operators import Health, Readiness, health_of, worker_app
from app.metrics.metrics import Metrics
from tests.support.scripted_service import scripted_service

pytestmark = pytest.mark.anyio


async def test_health_readiness_and_metrics(tmp_path: Path) -> None:
    async with scripted_service(tmp_path) as service:
        assert (await service.client.get("/healthz")).status_code == 200
        await service.ready()
        assert (await service.client.get("/readyz")).json() == {"status": "ready"}
        await service.sign_up()
        await service.verdict((await service.submit("outcome wrong_shape"))["id"])
        metrics = (await service.client.get("/metrics")).text
    assert 'jaxercise_verdicts_total{outcome="wrong_shape"} 1.0' in metrics
    assert 'jaxercise_submissions_waiting{priority="interactive"} 0.0' in metrics
    assert 'jaxercise_requests_total{method="POST",status="202"} 1.0' in metrics


async def test_readiness_names_what_is_missing(tmp_path: Path) -> None:
    async with scripted_service(tmp_path) as service:

        async def broken() -> str | None:
            raise ConnectionError("secret address")

        health_of(service.app).readiness.add("database", broken)
        answer = await service.client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["missing"]["database"] == "ConnectionError"


async def test_a_worker_without_pages_answers_the_same_three(tmp_path: Path) -> None:
    metrics, readiness = Metrics(), Readiness()
    transport = httpx.ASGITransport(worker_app(Health(metrics=metrics, readiness=readiness)))
    async with httpx.AsyncClient(transport=transport, base_url="http://worker.test") as client:
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        assert (await client.get("/readyz")).json() == {"status": "ready"}
        assert (await client.head("/readyz")).status_code == 200

        async def starting() -> str | None:
            return "the sandbox is starting"

        readiness.add("grading", starting)
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.json()["missing"]) == (503, {"grading": "the sandbox is starting"})
        assert "jaxercise_failures_total 0.0" in (await client.get("/metrics")).text
        assert (await client.get("/")).status_code == 404
