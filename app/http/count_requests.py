"""Counting answered requests."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.metrics.metrics import Metrics

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class CountRequests:
    """ASGI middleware. A made-up method counts as `other`: each label's value costs memory."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                method = scope["method"] if scope["method"] in _METHODS else "other"
                self._metrics.requests.answered(method, message["status"])
            await send(message)

        await self._app(scope, receive, send_counted)
