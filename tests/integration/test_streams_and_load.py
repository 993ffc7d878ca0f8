"""Event streams and requests at once are bounded, and the others are told when to come again. On a socket."""

import asyncio
import socket
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event, Thread

import httpx
import msgspec
import pytest
from starlette.requests import Request

from app.cli.serving.connections import connections_of
from app.cli.serving.server import QuietServer
from app.main import create_app
from app.settings import read_settings
from tests.support.scripted_grader import open_scripted_grader
from tests.support.scripted_service import PASSWORD
from tests.support.served_service import Served, served_service, until
from tests.support.small_problem import small_problem, write_problem

_MOST = 4
"""Requests at once, of which one network may have half."""


def events_address(browser: httpx.Client, email: str) -> str:
    """Where the events of a new learner's submission are, which does not end."""
    body = {"email": email, "password": PASSWORD}
    assert browser.post("/api/v1/accounts", json=body).status_code == 201
    body = {"code": "wait 600", "mode": "submit"}
    made = browser.post("/api/v1/problems/double/submissions", json=body)
    return f"/api/v1/submissions/{made.json()['id']}/events"


class Learner(msgspec.Struct, frozen=True):
    browser: httpx.Client
    events: str

    def opens(self, held: ExitStack) -> int:
        """The status of one more stream, which stays open until the end if it may."""
        answer = held.enter_context(self.browser.stream("GET", self.events))
        if answer.status_code != 200:
            answer.read()
            assert answer.json()["error"]["code"] == "too_many_streams"
            assert int(answer.headers["Retry-After"]) > 0
        return answer.status_code


def learner(served: Served, held: ExitStack, name: str, source: str) -> Learner:
    browser = held.enter_context(served.browser(source))
    return Learner(browser, events_address(browser, f"{name}@school.test"))


def test_streams_of_one_account_are_bounded_and_others_still_follow(tmp_path: Path) -> None:
    with served_service(tmp_path, streams_per_user=3) as served, ExitStack() as held:
        one, other = (learner(served, held, name, "127.0.0.1") for name in "ab")
        assert [one.opens(held) for _ in range(4)] == [200, 200, 200, 429]
        assert other.opens(held) == 200


def test_streams_of_one_network_are_bounded_and_those_of_others_are_not(tmp_path: Path) -> None:
    """Whosever they are; and where one ends there is room again."""
    with served_service(tmp_path, streams_per_network=3) as served, ExitStack() as held:
        one, other = (learner(served, held, name, "127.0.0.2") for name in "ab")
        far = learner(served, held, "c", "127.0.0.3")
        with ExitStack() as first:
            assert one.opens(first) == 200
            assert [other.opens(held) for _ in range(2)] == [200, 200]
            assert [one.opens(held), other.opens(held)] == [429, 429]
            assert far.opens(held) == 200
        assert until(lambda: one.opens(held) == 200)


def test_streams_are_bounded_in_all(tmp_path: Path) -> None:
    """Then nobody's is opened, however few the account and the network have."""
    with served_service(tmp_path, stream_limit=3, streams_per_network=2) as served, ExitStack() as held:
        learners = [
            learner(served, held, name, f"127.0.0.{place}") for place, name in enumerate("abc", start=2)
        ]
        with ExitStack() as first:
            assert [one.opens(first) for one in (learners[0], learners[0], learners[1])] == [200, 200, 200]
            assert [one.opens(held) for one in learners] == [429, 429, 429]
        assert until(lambda: learners[2].opens(held) == 200)


def test_streams_are_no_requests_at_once(tmp_path: Path) -> None:
    """They have bounds of their own: of one network there are more here than it may have requests."""
    with served_service(tmp_path, request_limit=2) as served, ExitStack() as held:
        one = learner(served, held, "a", "127.0.0.2")
        assert [one.opens(held) for _ in range(3)] == [200, 200, 200]
        assert [one.browser.get("/").status_code for _ in range(3)] == [200, 200, 200]


def test_whoever_is_refused_a_stream_costs_no_question_to_the_database(tmp_path: Path) -> None:
    """They ask again and again; not even who they are is looked up."""
    with served_service(tmp_path, streams_per_network=1) as served, ExitStack() as held:
        one = learner(served, held, "a", "127.0.0.2")
        assert one.opens(held) == 200
        with served.browser("127.0.0.2") as guest:
            assert guest.get(one.events).status_code == 429
        with served.browser("127.0.0.3") as guest:
            assert guest.get(one.events).status_code == 401


class Waiting(msgspec.Struct, frozen=True):
    """A service with an address, `/api/v1/waits`, that answers once `on` is set."""

    port: int
    on: Event
    inside: list[str]
    """Who waits for that, or has."""

    def browser(self, source: str) -> httpx.Client:
        transport = httpx.HTTPTransport(local_address=source)
        return httpx.Client(base_url=f"http://127.0.0.1:{self.port}", transport=transport, timeout=600)

    def ask(self, source: str, path: str = "/api/v1/problems") -> httpx.Response:
        with self.browser(source) as browser:
            return browser.get(path)

    def begin(self, pool: ThreadPoolExecutor, source: str) -> "Future[int]":
        """Ask for what waits, and return as soon as that counts."""
        before = len(self.inside)
        asked = pool.submit(lambda: self.ask(source, "/api/v1/waits").status_code)
        until(lambda: len(self.inside) > before)
        return asked


@contextmanager
def _waiting_service(place: Path) -> Iterator[Waiting]:
    """The whole application behind its own server, in a thread of this process."""
    write_problem(small_problem(), place)
    settings = read_settings(
        data_dir=place / "data",
        problems_dir=place / "problems",
        references_dir=place / "references",
        request_limit=_MOST,
        drain_seconds=0,
    )
    app = create_app(settings, open_grader=open_scripted_grader)
    on, ready = Event(), Event()
    inside: list[str] = []
    servers: list[QuietServer] = []

    @app.get("/api/v1/waits")
    async def waits(request: Request) -> str:
        inside.append(request.client.host if request.client else "")
        while not on.is_set():  # noqa: ASYNC110 - an event of threads
            await asyncio.sleep(0.01)
        return "done"

    async def serve(listener: socket.socket) -> None:
        async with app.router.lifespan_context(app):
            servers.append(QuietServer(app, connections_of(settings)))
            ready.set()
            await servers[0].serve(sockets=[listener])

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=lambda: asyncio.run(serve(listener)))
        thread.start()
        try:
            assert ready.wait(120)
            yield Waiting(listener.getsockname()[1], on, inside)
        finally:
            on.set()
            for server in servers:
                server.should_exit = True
            thread.join()


@pytest.fixture
def waiting(tmp_path: Path) -> Iterator[Waiting]:
    with _waiting_service(tmp_path) as service:
        yield service


def _is_refused(answer: httpx.Response) -> bool:
    if answer.status_code != 503:
        assert answer.status_code == 200
        return False
    assert answer.json()["error"]["code"] == "busy"
    assert int(answer.headers["Retry-After"]) > 0
    return True


def test_one_network_has_half_of_the_requests_at_once_and_others_are_answered(waiting: Waiting) -> None:
    """A program is told so, a person by a page; and it is over when they are answered."""
    with ThreadPoolExecutor(_MOST) as pool:
        held = [waiting.begin(pool, "127.0.0.2") for _ in range(_MOST // 2)]
        assert _is_refused(waiting.ask("127.0.0.2"))
        page = waiting.ask("127.0.0.2", "/")
        assert (page.status_code, page.headers["content-type"]) == (503, "text/html; charset=utf-8")
        assert int(page.headers["Retry-After"]) > 0
        assert "Try again in a moment" in page.text
        assert not _is_refused(waiting.ask("127.0.0.3"))
        waiting.on.set()
        assert [one.result() for one in held] == [200, 200]
        assert not _is_refused(waiting.ask("127.0.0.2"))


def test_requests_at_once_are_bounded_in_all_and_health_is_answered_all_the_same(waiting: Waiting) -> None:
    with ThreadPoolExecutor(_MOST) as pool:
        held = [waiting.begin(pool, f"127.0.0.{2 + place // 2}") for place in range(_MOST)]
        assert _is_refused(waiting.ask("127.0.0.9"))
        for path in ("/healthz", "/readyz", "/metrics"):
            assert waiting.ask("127.0.0.9", path).status_code == 200
        # One with a body counts once it is there.
        with waiting.browser("127.0.0.9") as browser:
            answer = browser.post("/api/v1/session", json={"email": "a@school.test", "password": PASSWORD})
            assert _is_refused(answer)
        waiting.on.set()
        assert [one.result() for one in held] == [200] * _MOST


def test_a_network_that_leaves_answers_unread_is_answered_no_more_until_it_has_read(tmp_path: Path) -> None:
    """Thirty-two megabytes of it; it is told when to come again, others notice nothing."""
    with (
        served_service(tmp_path, client_seconds=600) as served,
        served.browser("127.0.0.2") as browser,
        served.browser("127.0.0.3") as other,
    ):
        account = {"email": "a@school.test", "password": PASSWORD}
        assert browser.post("/api/v1/accounts", json=account).status_code == 201
        body = {"code": "#\n" * 32_000}
        made = browser.post("/api/v1/problems/double/submissions", json=body)
        page = f"/submissions/{made.json()['id']}"
        assert len(browser.get(page, headers={"Accept-Encoding": "identity"}).content) > 1 << 20
        cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        asked = f"GET {page} HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n\r\n".encode()
        with ExitStack() as readers:

            def is_refused() -> bool:
                readers.enter_context(served.connection("127.0.0.2", receives_bytes=4096)).sendall(asked)
                return _is_refused_as_unread(browser.get("/healthz"))

            assert until(is_refused, seconds=300)
            assert other.get("/").status_code == 200
        assert until(lambda: browser.get("/healthz").status_code == 200)


def _is_refused_as_unread(answer: httpx.Response) -> bool:
    if answer.status_code == 200:
        return False
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) == 600
    assert "has not been read" in answer.text
    return True
