"""How many requests are worked on at once; what is too many is told to come again."""

from collections import Counter

from fastapi import HTTPException
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.network import network_of
from app.http.responses import Present, error_answer

_TOO_MANY = "Too many requests are being answered just now. Try again in a moment."
_AGAIN = {"Retry-After": "2"}
NEVER_REFUSED = ("/healthz", "/readyz", "/metrics")
"""A service that is busy is not ill, and its figures say why."""


class LimitRequests:
    """Answers 503 above `most` requests at once, and above half of them from one network.

    A request counts from its last byte on, since before that it waits for its client, to the end of its
    answer; a stream of events, which has bounds of its own, to the beginning of that.
    """

    def __init__(self, app: ASGIApp, *, present: Present, most: int) -> None:
        self._app = app
        self._present = present
        self._most = most
        self._working: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in NEVER_REFUSED:
            await self._app(scope, receive, send)
            return
        network = network_of(scope["client"][0]) if scope.get("client") else ""
        counts = not _has_body(scope)
        if counts and self._is_full(network):
            refusal = error_answer(503, "busy", _TOO_MANY, headers=_AGAIN)
            page_or_json = await self._present(Request(scope), refusal)
            await page_or_json(scope, receive, send)
            return

        def count(by: int) -> None:
            self._working[network] += by
            if not self._working[network]:
                del self._working[network]

        async def receive_whole() -> Message:
            nonlocal counts
            message = await receive()
            if not counts and message["type"] == "http.request" and not message.get("more_body"):
                if self._is_full(network):
                    raise HTTPException(503, _TOO_MANY, headers=_AGAIN)
                counts = True
                count(1)
            return message

        async def send_counted(message: Message) -> None:
            nonlocal counts
            if counts and message["type"] == "http.response.start" and _is_stream(message):
                counts = False
                count(-1)
            await send(message)

        if counts:
            count(1)
        try:
            await self._app(scope, receive_whole, send_counted)
        finally:
            if counts:
                count(-1)

    def _is_full(self, network: str) -> bool:
        return self._working.total() >= self._most or self._working[network] >= self._most // 2


def _has_body(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"


def _is_stream(start: Message) -> bool:
    return Headers(raw=start["headers"]).get("content-type", "").startswith("text/event-stream")
