"""HTTP/1.1 as uvicorn speaks it, with a deadline for whatever is the client's turn, and a strict parser.

uvicorn waits for ever for the rest of a request and for whoever does not read an answer; its one time-out is
for a connection between two requests. Here a head must be there within `Patience.seconds`; a body and an
answer may stop for as long, and what moves buys further time at `bytes_a_second`.
"""

import asyncio
import math
from http import HTTPStatus
from typing import Any, cast

import h11
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle
from uvicorn.server import ServerState

from app.cli.serving.connections import Connections
from app.cli.serving.strict_http import StrictConnection

_UNREAD = "Too much of what your network was answered has not been read. Read it, or try again later.\n"
_TIMES_FOR_THE_REST = 4
"""As long as a client may pause, for the rest of a body whose request was answered already."""
_LINGER_SECONDS = 2.0
"""For a refused client to read why, while what it still sends is thrown away; see RFC 9112, 9.6."""


class BoundedProtocol(H11Protocol):
    """One connection; what `protocol_for` returns has its `book`."""

    book: Connections

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.conn: StrictConnection = StrictConnection()
        self._whole_app, self.app = self.app, self._answer
        self._waited_since = self.loop.time()
        self._is_idle = False
        """Between two requests, of which the next one has not begun."""
        self._answered_at = self._waited_since
        self._unread_bytes = 0
        self._unread_until: float | None = None
        self._lingers = False

    @property
    def peer(self) -> str:
        """The address at the other end."""
        return self.client[0] if self.client else ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.book.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.book.remove(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._lingers:
            return
        if self._is_idle:
            self._is_idle, self._waited_since = False, self.loop.time()
        elif self.conn.their_state is h11.SEND_BODY:
            bought = len(data) / self.book.patience.bytes_a_second
            self._waited_since = min(self._waited_since + bought, self.loop.time())
        super().data_received(data)

    def handle_events(self) -> None:
        before = self.conn.their_state
        super().handle_events()
        if before is h11.IDLE and self.conn.their_state is h11.SEND_BODY:
            self._waited_since = self.loop.time()
        self.book.turned(self)

    def on_response_complete(self) -> None:
        self._waited_since = self._answered_at = self.loop.time()
        super().on_response_complete()
        self._is_idle = self.conn.their_state is h11.IDLE and not self.conn.trailing_data[0]
        self.book.turned(self)

    def resume_writing(self) -> None:
        self._unread_until = None
        super().resume_writing()

    @property
    def unread_bytes(self) -> int:
        """What was answered, and not yet taken by the other end."""
        return self.transport.get_write_buffer_size()

    def waits_for_client(self) -> bool:
        """Say whether it is the client's turn: to send, or to read."""
        if self._lingers or self._unread_until is not None:
            return True
        return self.conn.their_state in (h11.IDLE, h11.SEND_BODY) and not self.flow.read_paused

    def look(self, now: float) -> None:
        """Close the connection if its client's time is up."""
        if self._lingers:
            if now - self._waited_since > _LINGER_SECONDS:
                self.drop()
        elif self._reads_too_slowly(now) or self._sends_in_vain(now):
            self.drop()
        elif self.transport.is_closing() or not self.waits_for_client():
            self._waited_since = now
        elif now - self._waited_since > self.book.patience.seconds and self._unread_until is None:
            if self.conn.their_state is h11.SEND_BODY or self.conn.trailing_data[0]:
                self._refuse(HTTPStatus.REQUEST_TIMEOUT)
            else:
                self.drop()

    def drop(self) -> None:
        """Close the connection at once, without a word."""
        self.transport.abort()

    def send_400_response(self, msg: str) -> None:
        """Answer what the parser has refused."""
        self._refuse(HTTPStatus(self.conn.refused_with))

    def shutdown(self) -> None:
        if self._lingers:
            self.drop()
        else:
            super().shutdown()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request to the application, unless its network has to read first."""
        if self.book.answers_more(self):
            await self._whole_app(scope, receive, send)
            return
        # By then whoever reads nothing is given up.
        again = {"Retry-After": str(math.ceil(self.book.patience.seconds))}
        await PlainTextResponse(_UNREAD, 503, again)(scope, receive, send)

    def _reads_too_slowly(self, now: float) -> bool:
        unread = self.transport.get_write_buffer_size()
        allowed_until = now + self.book.patience.seconds
        if not unread:
            self._unread_until = None
        elif self._unread_until is None:
            self._unread_until = allowed_until
        elif unread < self._unread_bytes:
            bought = (self._unread_bytes - unread) / self.book.patience.bytes_a_second
            self._unread_until = min(self._unread_until + bought, allowed_until)
        self._unread_bytes = unread
        return self._unread_until is not None and now > self._unread_until

    def _sends_in_vain(self, now: float) -> bool:
        """Say whether a body has gone on for long behind its answer; one in chunks need never end."""
        is_answered = self.conn.our_state is h11.DONE and self.conn.their_state is h11.SEND_BODY
        return is_answered and now - self._answered_at > _TIMES_FOR_THE_REST * self.book.patience.seconds

    def _refuse(self, status: HTTPStatus) -> None:
        """Say why, unless an answer has begun; then take nothing more and close.

        Nothing of it passes h11, which may be in no state to send. A close while something is still unread
        would be a reset, and take the answer from the client, so what comes is thrown away for a moment.
        """
        # uvicorn says that there always is one, and there is none before the first request.
        cycle = cast("RequestResponseCycle | None", self.cycle)
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.drop()
            return
        self._unset_keepalive_if_required()
        text = f"{status.phrase}\n"
        self.transport.write(
            f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: text/plain; charset=utf-8\r\n"
            f"content-length: {len(text)}\r\nconnection: close\r\n\r\n{text}".encode()
        )
        self.transport.write_eof()
        self._lingers, self._waited_since = True, self.loop.time()
        self.flow.resume_reading()
        self.book.turned(self)


def protocol_for(book: Connections) -> type[BoundedProtocol]:
    """Return the class of a server's connections, all of which are in `book`."""
    return type("OneOfBook", (BoundedProtocol,), {"book": book})
