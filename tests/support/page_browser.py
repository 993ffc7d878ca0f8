"""A browser without scripts, for tests: the real application, spoken to without a socket."""

import asyncio
import threading
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import httpx
from fastapi import FastAPI

T = TypeVar("T")


class PageBrowser:
    """Keeps cookies and follows redirects, as a browser does."""

    def __init__(self, loop: asyncio.AbstractEventLoop, client: httpx.AsyncClient) -> None:
        self._loop = loop
        self._client = client

    def get(self, path: str | httpx.URL, **options: Any) -> httpx.Response:
        return self._wait(self._client.get(path, **options))

    def post(self, path: str | httpx.URL, **options: Any) -> httpx.Response:
        return self._wait(self._client.post(path, **options))

    def _wait(self, answer: Awaitable[T]) -> T:
        async def awaited() -> T:
            return await answer

        return asyncio.run_coroutine_threadsafe(awaited(), self._loop).result(timeout=60)


@contextmanager
def browsing(app: FastAPI) -> Iterator[PageBrowser]:
    """The application is started, and stopped afterwards."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    started, stop = threading.Event(), asyncio.Event()
    browsers: list[PageBrowser] = []

    async def serve() -> None:
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(
                transport=transport, base_url="http://pages.test", follow_redirects=True
            ) as client,
        ):
            browsers.append(PageBrowser(loop, client))
            started.set()
            await stop.wait()

    serving = asyncio.run_coroutine_threadsafe(serve(), loop)
    serving.add_done_callback(lambda _: started.set())
    try:
        started.wait(timeout=60)
        if not browsers:
            serving.result()
        yield browsers[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        serving.exception(timeout=60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
