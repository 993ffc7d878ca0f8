"""How many requests are worked on at once; what is too many is told to come again."""

from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.network import NetworkTurns, Turn, network_of
from app.http.responses import Present, error_answer

_TOO_MANY = "Too many requests are being answered just now. Try again in a moment."
_AGAIN = {"Retry-After": "2"}
_AT_ONCE = 4
"""More would not be quicker: one thread answers, and a page that is made beside others takes longer."""
_LONGEST_SECONDS = 0.1
"""Several times what any page takes of the processor; who takes longer waits for something."""
NEVER_REFUSED = ("/healthz", "/readyz", "/metrics")
"""A service that is busy is not ill, and its figures say why."""
_WITHOUT_A_TURN = "/healthz"


class LimitRequests:
    """Answers 503 above `most` requests at once, and above half of them from one network.

    Those that it lets in take turns by network: few are worked on together. Figures and readiness, which may
    be asked for at any time, take turns as well.

    A request counts while it is worked on: from its last byte on, since before that it waits for its client,
    to the end of its answer, but not while that waits for its reader. A stream of events, which has bounds of
    its own, counts to its beginning.
    """

    def __init__(self, app: ASGIApp, *, present: Present, most: int) -> None:
        self._app = app
        self._present = present
        self._most = most
        self._working: Counter[str] = Counter()
        self._turns = NetworkTurns(at_once=_AT_ONCE, longest_seconds=_LONGEST_SECONDS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] == _WITHOUT_A_TURN:
            await self._app(scope, receive, send)
            return
        network = network_of(scope["client"][0]) if scope.get("client") else ""
        if _has_body(scope):
            # Here, since most routes read none, and would be worked on beside all that is counted.
            receive = await _received(receive)
        if self._is_full(network) and scope["path"] not in NEVER_REFUSED:
            refusal = error_answer(503, "busy", _TOO_MANY, headers=_AGAIN)
            page_or_json = await self._present(Request(scope), refusal)
            await page_or_json(scope, receive, send)
            return
        work = _Work(self._working, network)
        turn: Turn | None = None

        async def send_counted(message: Message) -> None:
            if turn is not None:
                turn.end()  # It is made; what follows waits for its reader.
            # Whoever reads slowly would else hold the place of others until this returns.
            with work.paused(ends=_ends_work(message)):
                await send(message)

        try:
            turn = await self._turns.take(network)
            await self._app(scope, receive, send_counted)
        finally:
            if turn is not None:
                turn.end()
            work.end()

    def _is_full(self, network: str) -> bool:
        return self._working.total() >= self._most or self._working[network] >= self._most // 2


class _Work:
    """One request, which is counted from here to `end`, but for pauses, and not again."""

    def __init__(self, working: Counter[str], network: str) -> None:
        self._working = working
        self._network = network
        self._counts = False
        self._has_ended = False
        self._count(True)

    def end(self) -> None:
        self._has_ended = True
        self._count(False)

    @contextmanager
    def paused(self, *, ends: bool) -> Iterator[None]:
        """Leave it out while the block lasts; `ends` says that nothing comes after."""
        counted, self._has_ended = self._counts, self._has_ended or ends
        self._count(False)
        yield
        self._count(counted and not self._has_ended)

    def _count(self, counts: bool) -> None:
        if counts == self._counts:
            return
        self._counts = counts
        self._working[self._network] += 1 if counts else -1
        if not self._working[self._network]:
            del self._working[self._network]


def _has_body(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"


async def _received(receive: Receive) -> Receive:
    """Read a body to its end; return what gives it as one piece, and then whatever reading it raised."""
    # One piece, since whoever sends single bytes would have each of them be an object.
    body, message, refusal = bytearray(), None, None
    try:
        while message is None or (message["type"] == "http.request" and message.get("more_body")):
            message = await receive()
            body += message.get("body", b"")
    except HTTPException as raised:
        refusal = raised
    is_whole = refusal is None and message is not None and message["type"] == "http.request"
    came: deque[Message] = deque([{"type": "http.request", "body": bytes(body), "more_body": not is_whole}])
    if message is not None and message["type"] != "http.request":
        came.append(message)

    async def again() -> Message:
        if came:
            return came.popleft()
        if refusal is not None:
            raise refusal
        return await receive()

    return again


def _ends_work(message: Message) -> bool:
    """Say whether the rest is the server's, or a stream's."""
    if message["type"] != "http.response.start":
        return not message.get("more_body", False)
    return Headers(raw=message["headers"]).get("content-type", "").startswith("text/event-stream")
