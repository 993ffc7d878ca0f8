"""A wrong proxy is explained to the operator, in the log alone."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from starlette.datastructures import Headers
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from app.http.proxy_faults import ExplainProxyFaults, is_foreign
from tests.support.scripted_service import PASSWORD, scripted_service

_ACCOUNT = {"email": "a@school.test", "password": PASSWORD}


@pytest.mark.parametrize(
    ("origin", "host", "foreign"),
    [
        ("https://grader.test", "grader.test", False),
        ("https://grader.test", "grader.test:443", False),
        ("http://grader.test", "grader.test:80", False),
        ("http://grader.test", "grader.test:443", True),
        ("https://GRADER.test", "grader.TEST", False),
        ("https://grader.test:8443", "grader.test:8443", False),
        ("https://grader.test", "127.0.0.1:8000", True),
        ("https://[::1]:8000", "[::1]:8000", False),
        ("https://[", "[", True),
        ("null", "grader.test", True),
        ("", "", True),
    ],
)
def test_a_page_s_host_is_compared_with_the_one_that_is_asked_for(
    origin: str, host: str, foreign: bool
) -> None:
    """The port that a scheme has anyway is no difference; some proxies write it out."""
    assert is_foreign(Headers({"origin": origin, "host": host})) is foreign


@pytest.mark.anyio
async def test_a_host_that_is_not_passed_on_is_explained_to_the_operator_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    headers = {"Origin": "https://grader.test", "Host": "inner-name:8000"}
    async with scripted_service(tmp_path) as service:
        answers = [
            await service.client.post(path, json=_ACCOUNT, headers=headers)
            for path in ("/api/v1/session", "/sign-in")
        ]
    [line] = [record.getMessage() for record in caplog.records if record.name == "jaxercise.proxy"]
    assert "'https://grader.test'" in line
    assert "'inner-name:8000'" in line
    assert "proxy_set_header Host $http_host;" in line
    assert "ProxyPreserveHost On" in line
    for answer in answers:
        assert answer.status_code == 403
        assert "in the log" in answer.text
        assert "inner-name" not in answer.text


@pytest.mark.anyio
async def test_another_site_s_page_is_not_taken_for_a_wrong_proxy(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    headers = {"Origin": "https://elsewhere.test", "Sec-Fetch-Site": "cross-site"}
    async with scripted_service(tmp_path) as service:
        assert (await service.client.post("/api/v1/session", headers=headers)).status_code == 403
    assert "jaxercise.proxy" not in {record.name for record in caplog.records}


@pytest.mark.anyio
async def test_what_is_logged_can_be_neither_forged_nor_endless(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    headers = {"Origin": "https://x\x85ERROR all is lost" + "y" * 5000}
    async with scripted_service(tmp_path) as service:
        await service.client.post("/api/v1/session", headers=httpx.Headers(headers, encoding="latin-1"))
    [line] = [record.getMessage() for record in caplog.records if record.name == "jaxercise.proxy"]
    assert len(line) < 1000
    assert "\x85" not in line


async def _posted(
    headers: Mapping[str, str] | Sequence[tuple[str, str]], *, trusted: str = "", scheme: str = "http"
) -> None:
    """Send what ends with a cookie for HTTPS through uvicorn's own reading of the forwarded headers."""

    async def app(scope, receive, send):  # type: ignore[no-untyped-def]
        cookie = b"jaxercise_session=x; HttpOnly; Path=/; SameSite=lax; Secure"
        await send({"type": "http.response.start", "status": 204, "headers": [(b"set-cookie", cookie)]})
        await send({"type": "http.response.body", "body": b""})

    # uvicorn describes what it calls by other types than httpx.
    layers: Any = ProxyHeadersMiddleware(cast("Any", ExplainProxyFaults(app)), trusted_hosts=trusted or [])
    transport = httpx.ASGITransport(layers, client=("10.0.0.7", 4711))
    async with httpx.AsyncClient(transport=transport, base_url=f"{scheme}://grader.test") as client:
        await client.post("/", headers=headers)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("headers", "trusted", "mentions"),
    [
        ({"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https"}, "10.0.0.7", None),
        ({"X-Forwarded-For": "192.0.2.1:5", "X-Forwarded-Proto": "https"}, "10.0.0.7", None),
        ({"X-Forwarded-For": "2001:db8::1", "X-Forwarded-Proto": "https"}, "*", None),
        ({"X-Forwarded-For": "[2001:DB8::1]:5", "X-Forwarded-Proto": "https"}, "10.0.0.7", None),
        ({"X-Forwarded-For": "192.0.2.1"}, "", "name it in JAXERCISE_TRUSTED_PROXIES"),
        ({"X-Forwarded-For": "192.0.2.1"}, "10.0.0.8", "10.0.0.7 sends x-forwarded-for"),
        ({"Forwarded": "for=192.0.2.1"}, "10.0.0.7", "which is not read"),
        ({"X-Forwarded-For": "192.0.2.1"}, "10.0.0.7", "no browser keeps the session's cookie"),
        ({"X-Forwarded-For": "192.0.2.1", "Origin": "https://grader.test"}, "10.0.0.7", "X-Forwarded-Proto"),
        ({"Host": "127.0.0.1:8000"}, "", None),
        ({"Host": "localhost"}, "", None),
        ({"Host": "[::1]:8000"}, "", None),
    ],
)
async def test_headers_that_are_missing_or_not_believed_are_named(
    caplog: pytest.LogCaptureFixture, headers: dict[str, str], trusted: str, mentions: str | None
) -> None:
    """With the setting or the header that mends it; what is right is passed over in silence."""
    await _posted(headers, trusted=trusted)
    lines = [record.getMessage() for record in caplog.records]
    assert any(mentions in line for line in lines) if mentions else lines == []


@pytest.mark.anyio
async def test_a_proxy_that_adds_a_line_of_its_own_is_believed(caplog: pytest.LogCaptureFixture) -> None:
    """Behind one that the browser made up."""
    said = [("X-Forwarded-For", "10.9.8.7"), ("X-Forwarded-For", "192.0.2.1"), ("X-Forwarded-Proto", "https")]
    await _posted(said, trusted="10.0.0.7")
    assert [record.getMessage() for record in caplog.records] == []


@pytest.mark.anyio
async def test_the_same_is_said_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever sends it a thousand times fills no disk."""
    now = [0.0]

    async def app(scope, receive, send):  # type: ignore[no-untyped-def]
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    explaining = ExplainProxyFaults(app, clock=lambda: now[0])
    transport = httpx.ASGITransport(explaining)
    async with httpx.AsyncClient(transport=transport, base_url="http://grader.test") as client:
        for moment in (0.0, 1.0, 59.0, 61.0, 62.0):
            now[0] = moment
            await client.post("/", headers={"Origin": "https://elsewhere.test"})
    assert len(caplog.records) == 2
