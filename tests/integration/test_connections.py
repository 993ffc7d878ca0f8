"""Connections cost their clients nothing, so nobody can hold the service by them. On a real socket."""

import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.served_service import Served, served_service, until

_HEAD = b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\n"
_SIGN_IN = b'{"email": "a@school.test", "password": "wrong"}'


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Waits a second for its clients."""
    with served_service(tmp_path_factory.mktemp("impatient"), client_seconds=1) as served:
        yield served


def everything(connection: socket.socket) -> bytes:
    """All that comes until the other side closes, which it has to do."""
    received = b""
    try:
        while more := connection.recv(1 << 16):
            received += more
    except ConnectionResetError:
        pass
    return received


def answered(served: Served) -> None:
    with served.browser() as browser:
        assert browser.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"", b""),
        (b"GET / HT", b"HTTP/1.1 408 "),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX-Half", b"HTTP/1.1 408 "),
        (_HEAD + b"Content-Length: 1000\r\n\r\n{", b"HTTP/1.1 408 "),
        (_HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab", b"HTTP/1.1 408 "),
        (_HEAD + b"Expect: 100-continue\r\nContent-Length: 10\r\n\r\n", b"HTTP/1.1 100 "),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /hea", b"HTTP/1.1 200 "),
    ],
)
def test_a_request_that_does_not_go_on_is_not_waited_for(
    impatient: Served, sent: bytes, status: bytes
) -> None:
    with impatient.connection() as connection:
        connection.sendall(sent)
        assert everything(connection).startswith(status)


@pytest.mark.parametrize("sent", [b"GET / HTTP/1.1\r\nHost: x\r\n", _HEAD + b"Content-Length: 9999\r\n\r\n"])
def test_a_byte_now_and_then_buys_no_time(impatient: Served, sent: bytes) -> None:
    with impatient.connection() as connection, pytest.raises(OSError, match=r"."):  # noqa: PT012 (a trickle)
        connection.sendall(sent)
        for _ in range(300):
            time.sleep(0.1)
            connection.sendall(b"x")


def test_a_body_that_comes_slowly_is_taken(tmp_path: Path) -> None:
    """All of it takes longer than a client may pause."""
    body = _SIGN_IN + b" " * 14_000
    head = _HEAD + b"Content-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
    with served_service(tmp_path, client_seconds=6) as served, served.connection() as connection:
        connection.sendall(head % len(body))
        for place in range(0, len(body), 500):
            time.sleep(0.3)
            connection.sendall(body[place : place + 500])
        assert everything(connection).startswith(b"HTTP/1.1 401 ")


def test_an_answer_that_nobody_takes_is_given_up(impatient: Served) -> None:
    """Of hundreds of answers none is read; the connection is gone after a second, and its memory with it."""
    idle = impatient.sockets
    with impatient.connection(receives_bytes=4096) as connection:
        connection.setblocking(False)
        asked = b"GET /api/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 500
        assert connection.send(asked) > 10_000
        until(lambda: impatient.sockets > idle)
        until(lambda: impatient.sockets <= idle, seconds=30)
    answered(impatient)


def test_the_soft_limit_of_open_files_is_raised(tmp_path: Path) -> None:
    with served_service(tmp_path, ulimit="-Sn 300") as served:
        limits = Path(f"/proc/{served.pid}/limits").read_text()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    assert f"{hard} {hard} files" in " ".join(limits.split())


def test_more_half_open_connections_than_files_keep_nobody_out_and_fill_no_log(tmp_path: Path) -> None:
    """Of connections that wait for their clients the oldest one goes."""
    with served_service(tmp_path, ulimit="-n 512") as served, ExitStack() as held:
        connections = [held.enter_context(served.connection()) for _ in range(700)]
        for connection in connections:
            try:
                connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
            except (BrokenPipeError, ConnectionResetError):
                continue
        for source in ("127.0.0.1", "127.0.0.2"):
            with served.browser(source) as browser:
                for _ in range(20):
                    assert browser.get("/").status_code == 200
        time.sleep(2)
        assert len(served.log.splitlines()) < 30, served.log[:4000]
        assert served.sockets < 400


def test_requests_that_cannot_be_read_fill_no_log(impatient: Served) -> None:
    """Nor do clients that leave in the middle; and what they sent is in no line."""
    unreadable = b"GET / HTTP/1.1\r\nAuthorization : Bearer s3cret\r\n\r\n"
    left = b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n"
    form = b"Content-Type: application/x-www-form-urlencoded\r\n\r\npassword=s3cret"
    before = len(impatient.log)
    began = time.monotonic()
    for _ in range(300):
        with impatient.connection() as connection:
            connection.sendall(unreadable)
            assert everything(connection).startswith(b"HTTP/1.1 400 ")
        with impatient.connection() as connection:
            connection.sendall(left + form)
    seconds = time.monotonic() - began
    answered(impatient)
    written = impatient.log[before:]
    assert "s3cret" not in written
    assert len(written) < 500 * (seconds + 2), written[:4000]
