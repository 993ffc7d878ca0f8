"""A bound on the size of every request's body, before anything is read into memory."""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.submission import CODE_LIMIT_BYTES
from app.http.error_responses import Present, error_answer

BODY_LIMIT_BYTES = 256 * 1024
_MESSAGE = (
    f"The request is larger than {BODY_LIMIT_BYTES:,} bytes; "
    f"the code of a submission may have {CODE_LIMIT_BYTES:,}."
)


class BodyLimit:
    """ASGI middleware: 413 for a body above the limit, whether its length was announced or not."""

    def __init__(self, app: ASGIApp, *, present: Present) -> None:
        self._app = app
        self._present = present

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "0")
        if declared.isdecimal() and int(declared) > BODY_LIMIT_BYTES:
            # The rest of the body is not worth reading, so the connection can't be used again.
            answer = error_answer(413, "request_too_large", _MESSAGE, headers={"Connection": "close"})
            page_or_json = await self._present(Request(scope), answer)
            await page_or_json(scope, receive, send)
            return
        received_bytes = 0

        async def receive_bounded() -> Message:
            nonlocal received_bytes
            message = await receive()
            received_bytes += len(message.get("body", b""))
            if received_bytes > BODY_LIMIT_BYTES:
                raise HTTPException(413, _MESSAGE)
            return message

        await self._app(scope, receive_bounded, send)
