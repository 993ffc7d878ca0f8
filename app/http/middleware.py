"""The middleware of the whole service, outermost first: every request passes it, and every answer."""

from fastapi import FastAPI
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.submission import CODE_LIMIT_BYTES
from app.http.hosts import RefuseOtherHosts
from app.http.overload import LimitRequests
from app.http.proxy_faults import ExplainProxyFaults, is_foreign
from app.http.responses import ErrorAnswer, Present, error_answer
from app.metrics.metrics import Metrics

BODY_LIMIT_BYTES = 256 * 1024
"""Of a request with code, whatever way it is written in."""
SMALL_BODY_BYTES = 16 * 1024
"""Of any other request."""
ADDRESS_LIMIT_BYTES = 8 * 1024
HEADERS_LIMIT_BYTES = 32 * 1024
_TOO_LARGE = (
    f"The request is larger than {BODY_LIMIT_BYTES:,} bytes; "
    f"the code of a submission may have {CODE_LIMIT_BYTES:,}."
)
_TOO_LONG = f"The request is larger than {SMALL_BODY_BYTES:,} bytes."
_FOREIGN = (
    "This request was sent by a page of another site, so it was refused. "
    "If it was not, this service's proxy is set up wrongly, and its operator finds in the log how."
)
_THROWN_AWAY_BYTES = 1024 * 1024
_COUNTED_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_STATIC_FILES, _HASHED_FILES = "/static/", "/static/dist/assets/"
_REFUSAL = "jaxercise.refusal"
"""Where a request carries the answer that refuses it."""
HASH_PARAMETER = "content"
"""The parameter of a static file's address that changes with its content."""
# A page runs and loads only what this service itself serves.
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def add_middleware(
    app: FastAPI, *, present: Present, metrics: Metrics, request_limit: int, origins: tuple[str, ...] = ()
) -> None:
    """Add all of this file; `present` gives a refusal to whoever asked, `origins` are our own addresses."""
    # The one added last sees a request first.
    app.add_middleware(RefuseCrossOrigin, present=present)
    app.add_middleware(RefuseOtherHosts, present=present, origins=origins)
    app.add_middleware(ExplainProxyFaults)
    app.add_middleware(PresentRefusals, present=present)
    # A refusal is a page like any other, and takes its turn.
    app.add_middleware(LimitRequests, present=present, most=request_limit)
    app.add_middleware(BodyLimit)
    app.add_middleware(HeadLimit)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(CountRequests, metrics=metrics)


class CountRequests:
    """Counts answers. A made-up method counts as `other`: each label's value costs memory."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                method = scope["method"] if scope["method"] in _COUNTED_METHODS else "other"
                self._metrics.requests.answered(method, message["status"])
            await send(message)

        await self._app(scope, receive, send_counted)


class SecurityHeaders:
    """Sets headers of every response; one that a response sets itself, such as a figure's policy, stays."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                if not scope["path"].startswith(_STATIC_FILES):
                    # What says nothing of it, such as JSON, is mostly one account's own.
                    headers.setdefault("Cache-Control", "no-store")
                if _is_hashed(scope) and message["status"] == 200:
                    # Their addresses change with their contents.
                    headers["Cache-Control"] = "public, max-age=31536000, immutable"
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _is_hashed(scope: Scope) -> bool:
    path: str = scope["path"]
    if path.startswith(_HASHED_FILES):
        return True
    query: bytes = scope.get("query_string", b"")
    return path.startswith(_STATIC_FILES) and query.startswith(f"{HASH_PARAMETER}=".encode())


class RefuseCrossOrigin:
    """Answers 403 to an unsafe request that another site's page has sent with a visitor's cookie."""

    def __init__(self, app: ASGIApp, *, present: Present) -> None:
        self._app = app
        self._present = present

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_unsafe = scope["type"] == "http" and scope["method"] not in _SAFE_METHODS
        if is_unsafe and is_foreign(Headers(scope=scope)):
            answer = error_answer(403, "cross_origin", _FOREIGN)
            page_or_json = await self._present(Request(scope), answer)
            await page_or_json(scope, receive, send)
            return
        await self._app(scope, receive, send)


class PresentRefusals:
    """Gives the answer of whoever has refused a request further out to whoever sent it."""

    def __init__(self, app: ASGIApp, *, present: Present) -> None:
        self._app = app
        self._present = present

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if _REFUSAL in scope:
            page_or_json = await self._present(Request(scope), scope[_REFUSAL])
            await page_or_json(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _refused(scope: Scope, answer: ErrorAnswer, *, kept: tuple[bytes, ...] = ()) -> Scope:
    """Return the request with its refusal, for `PresentRefusals`; of its headers those that are `kept`."""
    headers = [(name, value) for name, value in scope["headers"] if name in kept]
    return {**scope, "headers": headers, _REFUSAL: answer}


class HeadLimit:
    """Answers 414 to an address, and 431 to headers, that take longer to read than they can be worth.

    Of the others' cookies those in quotes are left out: Python takes a time that grows with the square of
    their length to read them, and none of ours has any.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            refusal = _head_refusal(scope)
            if refusal is not None:
                # Whoever makes the page reads the request again: as one that has no more than its path.
                scope = _refused({**scope, "query_string": b"", "path": scope["path"][:100]}, refusal)
            scope = {**scope, "headers": [_without_quotes(*header) for header in scope["headers"]]}
        await self._app(scope, receive, send)


def _without_quotes(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    """Return a header as it is, and of one of cookies those without quotes."""
    if name != b"cookie" or b'"' not in value:
        return name, value
    return name, b";".join(cookie for cookie in value.split(b";") if b'"' not in cookie)


def _head_refusal(scope: Scope) -> ErrorAnswer | None:
    if len(scope["path"]) + len(scope["query_string"]) > ADDRESS_LIMIT_BYTES:
        sentence = f"The address is longer than {ADDRESS_LIMIT_BYTES:,} bytes."
        return error_answer(414, "address_too_long", sentence)
    if sum(len(name) + len(value) for name, value in scope["headers"]) > HEADERS_LIMIT_BYTES:
        sentence = f"The headers are longer than {HEADERS_LIMIT_BYTES:,} bytes: too many cookies, perhaps."
        return error_answer(431, "headers_too_long", sentence)
    return None


async def _throw_away(receive: Receive) -> None:
    """Read to the end of a body that has a declared length, keeping nothing."""
    while (message := await receive())["type"] == "http.request" and message.get("more_body", False):
        pass


class BodyLimit:
    """Answers 413 to a body above the limit before it is in memory, whether it declares its length or not.

    Only where code is sent may it be large.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # Signing in and up carry the code of a session that has ended.
        takes_code = scope["path"].endswith(("/submissions", "/sign-in", "/sign-up"))
        limit_bytes, sentence = (
            (BODY_LIMIT_BYTES, _TOO_LARGE) if takes_code else (SMALL_BODY_BYTES, _TOO_LONG)
        )
        declared = Headers(scope=scope).get("content-length", "0")
        if declared.isdecimal() and int(declared) > limit_bytes:
            # A proxy that still sends when the connection closes says 502 in place of the reason, so what is
            # not much is read and thrown away. More is not worth it: that connection can't be used again.
            if int(declared) <= _THROWN_AWAY_BYTES:
                await _throw_away(receive)
            answer = error_answer(413, "request_too_large", sentence, headers={"Connection": "close"})
            # Its body is not to be read, so it is one without.
            kept = (b"cookie", b"authorization", b"host")
            await self._app(_refused(scope, answer, kept=kept), receive, send)
            return
        received_bytes = 0

        async def receive_bounded() -> Message:
            nonlocal received_bytes
            message = await receive()
            received_bytes += len(message.get("body", b""))
            if received_bytes > limit_bytes:
                raise HTTPException(413, sentence)
            return message

        await self._app(scope, receive_bounded, send)
