"""What every request and every answer passes: other sites, headers."""

import asyncio
from pathlib import Path

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from app.core.network import NetworkTurns, Turn
from app.http.middleware import SecurityHeaders
from tests.support.scripted_service import scripted_service


@pytest.mark.anyio
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
        ({"Authorization": "Basic eDp5", "Sec-Fetch-Site": "cross-site"}, False),
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


@pytest.mark.anyio
async def test_a_token_may_come_from_anywhere(tmp_path: Path) -> None:
    """No browser sends it by itself."""
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        token = (await service.client.post("/api/v1/tokens", json={"name": "x"})).json()["token"]
        headers = {"Authorization": f"Bearer {token}", "Origin": "http://elsewhere.example"}
        async with service.visitor(**headers) as program:
            assert (await program.post("/api/v1/tokens", json={"name": "y"})).status_code == 201


@pytest.mark.anyio
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


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("path", "headers", "size", "status"),
    [
        ("/sign-out", {"Sec-Fetch-Site": "cross-site"}, 1, 403),
        ("/sign-out", {"Host": "elsewhere.example"}, 1, 400),
        ("/sign-out", {}, 300_000, 413),
        ("/sign-out?" + "a" * 9_000, {}, 1, 414),
        ("/sign-out", {"Cookie": "a" * 40_000}, 1, 431),
    ],
)
async def test_a_refusal_takes_its_turn(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    headers: dict[str, str],
    size: int,
    status: int,
) -> None:
    """Its page costs as much as another."""
    taken: list[str] = []
    take = NetworkTurns.take

    async def counted(turns: NetworkTurns, network: str) -> Turn:
        taken.append(network)
        return await take(turns, network)

    monkeypatch.setattr(NetworkTurns, "take", counted)
    async with scripted_service(tmp_path, public_addresses="http://jaxercise.test") as service:
        answer = await service.client.post(path, headers=headers, content=b"x" * size)
    assert (answer.status_code, len(taken)) == (status, 1)


@pytest.mark.anyio
async def test_nothing_between_keeps_an_answer_of_the_api(tmp_path: Path) -> None:
    """Nor an error, nor a page that leads on: what is whose own is nobody's to look at later."""
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        for path in ("/api/v1/session", "/api/v1/tokens", "/api/v1/submissions/none", "/account", "/nothing"):
            answer = await service.client.get(path)
            assert "no-store" in answer.headers["cache-control"], path
        assert "no-store" in (await service.client.post("/sign-out")).headers["cache-control"]
        kept = await service.client.get("/static/favicon.svg")
        assert "no-store" not in kept.headers.get("cache-control", "")


def headers_of(path: str, response: PlainTextResponse) -> dict[str, str]:
    """The headers with which `response` leaves the middleware."""
    sent: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await response(scope, receive, send)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {"type": "http", "method": "GET", "path": path, "headers": []}
    asyncio.run(SecurityHeaders(app)(scope, receive, send))
    return {name.decode(): value.decode() for name, value in sent[0]["headers"]}


def test_pages_run_and_load_nothing_from_elsewhere_and_nothing_inline() -> None:
    policy = headers_of("/", PlainTextResponse(""))["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "style-src 'self'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy


def test_a_response_may_keep_its_own_policy() -> None:
    figure = PlainTextResponse("", headers={"Content-Security-Policy": "sandbox"})
    assert headers_of("/problems/x/assets/y.svg", figure)["content-security-policy"] == "sandbox"


def test_hashed_files_are_kept_for_ever_and_missing_ones_are_not() -> None:
    path = "/static/dist/assets/main-1.js"
    assert "immutable" in headers_of(path, PlainTextResponse(""))["cache-control"]
    assert "cache-control" not in headers_of(path, PlainTextResponse("", status_code=404))
