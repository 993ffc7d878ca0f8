"""What counts as a request that is worked on, and what does not."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.network import NetworkTurns
from app.http.overload import LimitRequests
from app.http.responses import ErrorAnswer

pytestmark = pytest.mark.anyio


async def present(request: Request, answer: ErrorAnswer) -> Response:
    return answer


async def at_once(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("all of it")(scope, receive, send)


async def in_parts(scope: Scope, receive: Receive, send: Send) -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b"one"
        yield b"two"

    await StreamingResponse(parts())(scope, receive, send)


async def ask(
    app: ASGIApp,
    send: Callable[[Message], Any],
    address: str = "10.0.0.1",
    *headers: tuple[bytes, bytes],
    path: str = "/",
) -> None:
    async def receive() -> Message:
        await asyncio.sleep(0)
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": list(headers)}
    # By which a streamed answer does not ask meanwhile whether somebody is there.
    await app({**scope, "client": (address, 1), "asgi": {"spec_version": "2.4"}}, receive, send)


async def status(app: ASGIApp, address: str, *headers: tuple[bytes, bytes], path: str = "/") -> int:
    statuses = []

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await ask(app, send, address, *headers, path=path)
    [found] = statuses
    return int(found)


@asynccontextmanager
async def unread(app: ASGIApp, stops_at: int) -> AsyncIterator[None]:
    """Somebody who takes so many messages of an answer, and then none while the block lasts."""
    reached, on = asyncio.Event(), asyncio.Event()
    taken = 0

    async def send(message: Message) -> None:
        nonlocal taken
        taken += 1
        if taken > stops_at:
            reached.set()
            await on.wait()

    asking = asyncio.create_task(ask(app, send))
    await reached.wait()
    try:
        yield
    finally:
        on.set()
        await asking


@pytest.mark.parametrize(("inner", "messages"), [(at_once, 2), (in_parts, 4)])
async def test_whoever_reads_slowly_holds_no_place(inner: ASGIApp, messages: int) -> None:
    """Wherever in an answer it stops; and afterwards nothing is counted any more."""
    app = LimitRequests(inner, present=present, most=2)
    for stops_at in range(messages):
        async with unread(app, stops_at):
            assert await status(app, "10.0.0.1") == 200
    assert not app._working


async def test_work_between_two_parts_counts() -> None:
    on, begun = asyncio.Event(), asyncio.Event()

    async def works(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        begun.set()
        await on.wait()
        await send({"type": "http.response.body", "body": b""})

    app = LimitRequests(works, present=present, most=2)
    working = asyncio.create_task(status(app, "10.0.0.1"))
    await begun.wait()
    assert await status(app, "10.0.0.1") == 503
    on.set()
    assert await working == 200
    assert not app._working


@pytest.mark.parametrize("header", [(b"content-length", b"1"), (b"transfer-encoding", b"chunked")])
async def test_a_body_that_nobody_reads_changes_nothing(header: tuple[bytes, bytes]) -> None:
    """Most routes read none; what is asked of them with one counts, waits for its turn, and is refused."""
    on, working = asyncio.Event(), 0

    async def works(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal working
        working += 1
        await on.wait()
        await at_once(scope, receive, send)

    app = LimitRequests(works, present=present, most=20)
    app._turns = NetworkTurns(at_once=4)
    asked = [asyncio.create_task(status(app, "10.0.0.1", header)) for _ in range(30)]
    for _ in range(20):
        await asyncio.sleep(0)
    assert working == 4
    on.set()
    assert sorted(await asyncio.gather(*asked)) == [200] * 10 + [503] * 20
    assert not app._working


async def test_a_body_is_read_once_more_as_it_came() -> None:
    """With what reading it raised, for whoever reads it."""
    parts: list[Message] = [{"type": "http.request", "body": bytes([at]), "more_body": True} for at in b"ab"]

    async def receive() -> Message:
        if parts:
            return parts.pop(0)
        raise HTTPException(413)

    read = b""

    async def reads(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal read
        try:
            while True:
                read += (await receive())["body"]
        except HTTPException as refusal:
            await Response(status_code=refusal.status_code)(scope, receive, send)

    statuses = []

    async def send(message: Message) -> None:
        statuses.append(message.get("status"))

    app = LimitRequests(reads, present=present, most=2)
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "client": ("10.0.0.1", 1)}
    await app({**scope, "headers": [(b"transfer-encoding", b"chunked")]}, receive, send)
    assert (read, statuses[0]) == (b"ab", 413)


async def test_a_client_that_leaves_counts_no_more() -> None:
    app = LimitRequests(at_once, present=present, most=2)

    async def send(message: Message) -> None:
        raise OSError("it is gone")

    with pytest.raises(OSError, match="gone"):
        await ask(app, send)
    assert not app._working


@pytest.mark.parametrize("path", ["/", "/metrics", "/readyz"])
async def test_networks_take_turns_at_being_worked_on(path: str) -> None:
    """What one asked for together comes after the one page of another, but for what is just being made."""
    begun: list[str] = []

    async def works(scope: Scope, receive: Receive, send: Send) -> None:
        begun.append(scope["client"][0])
        await asyncio.sleep(0)
        await at_once(scope, receive, send)

    app = LimitRequests(works, present=present, most=100)
    many = [asyncio.create_task(status(app, "10.0.0.1", path=path)) for _ in range(20)]
    await asyncio.sleep(0)
    one = asyncio.create_task(status(app, "192.168.7.7"))
    assert await asyncio.gather(*many, one) == [200] * 21
    assert begun.index("192.168.7.7") <= 8
    assert len(begun) == 21


@pytest.mark.parametrize("path", ["/metrics", "/readyz", "/healthz"])
async def test_figures_are_never_refused(path: str) -> None:
    on = asyncio.Event()

    async def works(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/":
            await on.wait()
        await at_once(scope, receive, send)

    app = LimitRequests(works, present=present, most=2)
    app._turns = NetworkTurns(at_once=4)
    page = asyncio.create_task(status(app, "10.0.0.1"))
    for _ in range(20):
        await asyncio.sleep(0)
    assert await status(app, "10.0.0.1") == 503
    assert await status(app, "10.0.0.1", path=path) == 200
    on.set()
    assert await page == 200
