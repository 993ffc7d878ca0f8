"""A browser without scripts, for tests: the real application, spoken to without a socket."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import httpx
from fastapi import FastAPI

T = TypeVar("T")

PASSWORD = "three unrelated words"
PROBLEM = "/problems/vit-cls-token"


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


def sign_up(client: PageBrowser, email: str = "ada@lab.test", password: str = PASSWORD) -> httpx.Response:
    return client.post("/sign-up", data={"email": email, "password": password, "next": PROBLEM})


def submit(client: PageBrowser, code: str, mode: str = "submit") -> httpx.Response:
    """Posts the form, follows to the submission's page and waits there for the verdict, as a browser does."""
    page = client.post(f"{PROBLEM}/submissions", data={"code": code, "mode": mode})
    deadline = time.monotonic() + 60
    while 'http-equiv="refresh"' in page.text and time.monotonic() < deadline:
        time.sleep(0.05)
        page = client.get(page.url)
    return page
