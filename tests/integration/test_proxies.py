"""A service behind nginx and behind Apache, each with the file that docs/deploy/ has for it."""

import asyncio
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import httpx
import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from app.core.submission import CODE_LIMIT_BYTES
from app.http.middleware import BODY_LIMIT_BYTES
from tests.support.event_stream import submit_and_follow
from tests.support.proxies import Proxy, lacking, running_proxy
from tests.support.real_service import real_service
from tests.support.small_problem import small_problem, write_problem

_PROXIES = ("nginx", "apache")
_RIGHT = "def double(x):\n    return 2 * x\n"
_SLOW_BUT_RIGHT = f"import time\n\ntime.sleep(4)\n\n\n{_RIGHT}"
_SECONDS = 200
_ACCOUNT = {"email": "ada@school.test", "password": "correct horse battery"}


async def _echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with what the service sees of a request."""
    assert scope["type"] == "http"
    headers = {name.decode(): value.decode() for name, value in scope["headers"]}
    seen = {"client": scope["client"][0], "scheme": scope["scheme"], "host": headers["host"]}
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"x-path", scope["path"].encode())]}
    )
    await send({"type": "http.response.body", "body": json.dumps(seen).encode()})


@contextmanager
def _echoing() -> Iterator[int]:
    """Serve `_echo` with the proxy's address trusted, as JAXERCISE_TRUSTED_PROXIES has it; give the port."""
    config = uvicorn.Config(
        _echo, lifespan="off", log_config=None, proxy_headers=True, forwarded_allow_ips="127.0.0.1"
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
        serving.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            serving.join()


def _browser(proxy: Proxy, **headers: str) -> httpx.Client:
    return httpx.Client(base_url=proxy.https, verify=proxy.trust, timeout=_SECONDS, headers=headers)


@pytest.fixture(params=_PROXIES)
def name(request: pytest.FixtureRequest) -> str:
    if (reason := lacking(request.param)) is not None:
        pytest.skip(reason)
    return str(request.param)


def test_the_service_sees_the_client_and_not_the_proxy(name: str, tmp_path: Path) -> None:
    """Whatever headers the client makes up; by https, under the name that the browser asked for."""
    forged = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http", "Forwarded": "for=203.0.113.9"}
    with _echoing() as port, running_proxy(name, tmp_path, port) as proxy:
        for address in ("127.0.0.1", "127.0.0.2"):
            transport = httpx.HTTPTransport(local_address=address, verify=proxy.trust)
            with httpx.Client(transport=transport, base_url=proxy.https) as client:
                for headers in ({}, forged):
                    assert client.get("/", headers=headers).json() == {
                        "client": address,
                        "scheme": "https",
                        "host": urlsplit(proxy.https).netloc,
                    }


def test_what_is_not_for_the_world_stays_inside(name: str, tmp_path: Path) -> None:
    """However it is written; and whoever comes without TLS is sent to where it is."""
    with _echoing() as port, running_proxy(name, tmp_path, port) as proxy:
        with _browser(proxy) as client:
            for path in ("/metrics", "/readyz", "/%6Detrics", "/metrics?x", "/./metrics", "//metrics"):
                seen = client.get(path).headers.get("x-path")
                assert seen not in ("/metrics", "/readyz"), path
            answer = client.get("/")
            assert answer.headers["x-path"] == "/"
            assert "max-age=" in answer.headers["strict-transport-security"]
        sent = httpx.get(f"{proxy.http}/problems?q=x")
        assert sent.status_code in (301, 308)
        assert sent.headers["location"] == "https://127.0.0.1/problems?q=x"


@pytest.mark.jail
def test_a_learner_signs_in_and_is_graded_through_it(name: str, tmp_path: Path) -> None:
    """In production: the cookie is for HTTPS alone, events come as they happen, code has its full size."""
    write_problem(small_problem(), tmp_path)
    (tmp_path / "proxy").mkdir()
    settings = {
        "environment": "production",
        "trusted_proxies": "127.0.0.1",
        "problems_dir": str(tmp_path / "problems"),
        "references_dir": str(tmp_path / "references"),
    }
    with real_service(tmp_path / "data", **settings) as service:
        port = urlsplit(service.address).port
        assert port is not None
        with running_proxy(name, tmp_path / "proxy", port) as proxy:
            with _browser(proxy, Origin=proxy.https) as browser:
                _sign_up_and_in(browser)
                came = submit_and_follow(browser, _SLOW_BUT_RIGHT)
                assert came["verdict"]["verdict"]["outcome"] == "accepted"
                assert came["running"]["seen_while"] == "running", "the proxy kept events back"
                full = _RIGHT + "#" * (CODE_LIMIT_BYTES - len(_RIGHT))
                assert submit_and_follow(browser, full)["verdict"]["verdict"]["accepted"]
                beyond = browser.post("/api/v1/problems/double/submissions", json={"code": f"{full}#"})
                assert beyond.json()["error"]["code"] == "submission_too_large"
                large = browser.post("/api/v1/session", content=b"x" * (BODY_LIMIT_BYTES + 1))
                assert large.json()["error"]["code"] == "request_too_large"
            with _browser(proxy, Origin="https://elsewhere.example") as other:
                assert other.post("/api/v1/session", json=_ACCOUNT).status_code == 403


def _sign_up_and_in(browser: httpx.Client) -> None:
    assert browser.post("/api/v1/accounts", json=_ACCOUNT).status_code == 201
    browser.cookies.clear()
    signed_in = browser.post("/api/v1/session", json=_ACCOUNT)
    assert signed_in.status_code < 300, signed_in.text
    assert "secure" in signed_in.headers["set-cookie"].lower()
