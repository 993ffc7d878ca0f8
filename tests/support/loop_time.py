"""What a request costs the event loop: the processor time of its thread, beside a yardstick's."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextvars import ContextVar
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

YARDSTICK_SECONDS = 0.05
"""What `yardstick` takes on the machine of docs/performance.md."""
_YARDSTICK_STEPS = 247_000


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One request, as a server hands it to an application."""

    method: str = "GET"
    path: str
    query: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""
    client: str = "203.0.113.1"


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """Its answer, and what the loop's thread computed for it."""

    status: int
    loop_seconds: float
    body_bytes: int


def yardstick() -> float:
    """Run a fixed piece of Python; return its seconds of processor time, the best of three."""
    return min(_yardstick_once() for _ in range(3))


def _yardstick_once() -> float:
    start, words = time.thread_time(), {}
    for number in range(_YARDSTICK_STEPS):
        words[number % 97] = f"{number:x}".upper()
    return time.thread_time() - start


def routes_of(app: FastAPI) -> list[tuple[str, str]]:
    """Return method and path of every route, from the application's own table; a mount is one route."""
    found = set()
    for context in iter_route_contexts(app.routes):
        methods = sorted(set(getattr(context, "methods", None) or {"GET"}) - {"HEAD"})
        found |= {(method, str(getattr(context, "path", ""))) for method in methods}
    return sorted(found, key=lambda route: (route[1], route[0]))


class _Meter:
    """Seconds of the loop's thread that went into the steps of one request's tasks."""

    seconds = 0.0


_METER: ContextVar[_Meter | None] = ContextVar("meter", default=None)


class _Metered(Coroutine[Any, Any, Any]):
    """A coroutine whose every step is timed: what a service does by itself meanwhile does not count."""

    def __init__(self, inner: Coroutine[Any, Any, Any], meter: _Meter) -> None:
        self._inner = inner
        self._meter = meter

    def send(self, value: Any) -> Any:
        return self._timed(lambda: self._inner.send(value))

    def throw(self, *fault: Any) -> Any:
        return self._timed(lambda: self._inner.throw(*fault))

    def close(self) -> None:
        self._inner.close()

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._inner.__await__()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)  # Whoever looks at a coroutine's state sees the real one's.

    def _timed(self, step: Callable[[], Any]) -> Any:
        start = time.thread_time()
        try:
            return step()
        finally:
            self._meter.seconds += time.thread_time() - start


def _metered_task(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> "asyncio.Task[Any]":
    meter = _METER.get()
    return asyncio.Task(coroutine if meter is None else _Metered(coroutine, meter), loop=loop, **options)


async def answer_of(app: FastAPI, asked: Asked) -> Answered:
    """Send a request and measure what it and all tasks that it begins cost."""
    status, body_bytes = 0, 0
    messages = [{"type": "http.request", "body": asked.body, "more_body": False}]

    async def receive() -> Any:
        if not messages:
            await asyncio.Event().wait()  # Nobody goes away.
        return messages.pop()

    async def send(message: Any) -> None:
        nonlocal status, body_bytes
        status = message.get("status", status)
        body_bytes += len(message.get("body", b""))

    usual = (
        (b"host", b"jaxercise.test"),
        (b"content-length", str(len(asked.body)).encode()),
        # As browsers say it: what is compressed on its way costs as well.
        (b"accept-encoding", b"gzip, deflate, br"),
    )
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": asked.method,
        "scheme": "http",
        "path": asked.path,
        "raw_path": asked.path.encode(),
        "query_string": asked.query,
        "root_path": "",
        "headers": [*usual, *asked.headers],
        "client": (asked.client, 1),
        "server": ("jaxercise.test", 80),
    }
    loop, meter = asyncio.get_running_loop(), _Meter()
    factory = loop.get_task_factory()
    loop.set_task_factory(_metered_task)
    outside = _METER.set(meter)
    try:
        await asyncio.create_task(app(scope, receive, send))
    finally:
        _METER.reset(outside)
        loop.set_task_factory(factory)
    return Answered(status=status, loop_seconds=meter.seconds, body_bytes=body_bytes)


async def best_of_three(app: FastAPI, asked: Callable[[int], Awaitable[Asked]]) -> Answered:
    """Return the cheapest of three answers; `asked` gives each round's own request, so nothing is kept."""
    answers = [await answer_of(app, await asked(number)) for number in range(3)]
    return min(answers, key=lambda answer: answer.loop_seconds)
