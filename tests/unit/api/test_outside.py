"""What holds for the API as a whole: errors, other sites, documentation, health."""

import re
from pathlib import Path
from typing import cast

import msgspec
import pytest

from app.api.operators import health_of
from app.errors import GraderError, QueueFull
from app.http.responses import MEANINGS, meaning_of
from app.http.services import put_services
from app.store.problems import Problems
from tests.support.scripted_service import PASSWORD, code, scripted_service

pytestmark = pytest.mark.anyio
CREDENTIALS = {"email": "a@school.test", "password": PASSWORD}


@pytest.mark.parametrize(
    ("method", "path", "status", "expected"),
    [
        ("GET", "/api/v1/nothing", 404, "not_found"),
        ("PUT", "/api/v1/session", 405, "method_not_allowed"),
        ("GET", "/api/v1/submissions/a%00b", 401, "not_signed_in"),
    ],
)
async def test_every_error_has_the_one_shape(
    tmp_path: Path, method: str, path: str, status: int, expected: str
) -> None:
    async with scripted_service(tmp_path) as service:
        answer = await service.client.request(method, path)
    assert (answer.status_code, code(answer)) == (status, expected)


async def test_what_is_no_json_is_told_where_it_stops_being_so(tmp_path: Path) -> None:
    async with scripted_service(tmp_path) as service:
        answer = await service.client.post(
            "/api/v1/session", content='{"email":', headers={"Content-Type": "application/json"}
        )
    assert (answer.status_code, code(answer)) == (422, "malformed_request")
    assert answer.json()["error"]["message"] == "body: not JSON at character 9: Expecting value"


async def test_a_token_that_is_not_valid_is_told_even_where_none_is_needed(tmp_path: Path) -> None:
    async with scripted_service(tmp_path) as service, service.visitor(Authorization="Bearer no") as program:
        for path in ("/api/v1/problems", "/api/v1/problems/double"):
            assert code(await program.get(path)) == "not_signed_in"


async def test_an_error_of_ours_tells_nothing_of_the_inside(tmp_path: Path) -> None:
    async with scripted_service(tmp_path) as service:
        broken = cast(Problems, None)
        put_services(service.app, msgspec.structs.replace(service.services, problems=broken))
        answer = await service.client.get("/api/v1/problems")
        page = await service.client.get("/")
    assert (answer.status_code, code(answer)) == (500, "internal_error")
    assert "NoneType" not in answer.text
    assert page.status_code == 500
    assert page.headers["content-type"].startswith("text/html")


def test_every_error_class_has_a_meaning_and_only_malformed_input_is_422() -> None:
    """A class that is not listed has its base's meaning."""

    class Unlisted(QueueFull):
        """A new kind."""

    assert meaning_of(Unlisted("x")) == MEANINGS[QueueFull]
    assert meaning_of(GraderError("x")).status == 500
    malformed = {error.__name__ for error, meaning in MEANINGS.items() if meaning.status == 422}
    assert malformed == {"SubmissionRefused", "AccountError", "WeakPassword", "MalformedEmail"}


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Origin": "http://jaxercise.test"}, True),
        ({"Origin": "https://jaxercise.test"}, True),
        ({"Origin": "http://jaxercise.test.evil.example"}, False),
        ({"Origin": "http://jaxercise.test:8080"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "http://jaxercise.test", "Sec-Fetch-Site": "cross-site"}, False),
    ],
)
async def test_other_sites_cannot_act_with_a_visitors_cookie(
    tmp_path: Path, headers: dict[str, str], allowed: bool
) -> None:
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        answer = await service.client.post("/api/v1/tokens", json={"name": "x"}, headers=headers)
        form = await service.client.post("/sign-out", headers=headers)
    assert answer.status_code == (201 if allowed else 403)
    assert (form.status_code != 403) is allowed


async def test_a_token_may_come_from_anywhere(tmp_path: Path) -> None:
    """No browser sends it by itself."""
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        token = (await service.client.post("/api/v1/tokens", json={"name": "x"})).json()["token"]
        headers = {"Authorization": f"Bearer {token}", "Origin": "http://elsewhere.example"}
        async with service.visitor(**headers) as program:
            assert (await program.post("/api/v1/tokens", json={"name": "y"})).status_code == 201


async def test_every_answer_carries_the_security_headers(tmp_path: Path) -> None:
    """Errors too, from whichever layer."""
    async with scripted_service(tmp_path) as service:
        for answer in (
            await service.client.get("/"),
            await service.client.get("/api/v1/nothing"),
            await service.client.post("/api/v1/session", headers={"Sec-Fetch-Site": "cross-site"}),
            await service.client.post("/api/v1/session", content=b"x" * 300_000),
        ):
            policy = answer.headers["content-security-policy"]
            assert "script-src 'self'" in policy
            assert "unsafe" not in policy


async def test_the_documentation_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    async with scripted_service(tmp_path) as service:
        page = await service.client.get("/api/docs")
        description = (await service.client.get("/api/openapi.json")).json()
        for address in re.findall(r'(?:src|href)="([^"#]+)"', page.text):
            assert (await service.client.get(address)).status_code == 200, address
    assert page.status_code == 200
    assert "<script" not in page.text
    assert "<style" not in page.text
    for path in description["paths"]:
        assert path.replace("{", "&#123;") in page.text or path in page.text


async def test_openapi_describes_every_operation_and_its_values(tmp_path: Path) -> None:
    """Each reference leads somewhere, each operation says what it answers and which errors there are."""
    async with scripted_service(tmp_path) as service:
        description = (await service.client.get("/api/openapi.json")).json()
    paths = description["paths"]
    assert {
        "/api/v1/problems",
        "/api/v1/problems/{slug}",
        "/api/v1/problems/{slug}/submissions",
        "/api/v1/submissions/{submission_id}",
        "/api/v1/submissions/{submission_id}/events",
        "/api/v1/accounts",
        "/api/v1/session",
        "/api/v1/tokens",
    } <= set(paths)
    schemas = description["components"]["schemas"]
    assert "diagnosis" in schemas["Verdict"]["properties"]
    for reference in re.findall(r'"\$ref": ?"([^"]+)"', str(description).replace("'", '"')):
        assert reference.removeprefix("#/components/schemas/") in schemas
    for methods in paths.values():
        for operation in methods.values():
            assert operation["summary"]
            assert "4XX" in operation["responses"]


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
