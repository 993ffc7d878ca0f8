"""Clients that begin and do not go on, each in its own way, on a real socket, all at the same time.

The first findings of this kind are in tests/integration/test_connections.py.
"""

import select
import socket
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import msgspec
import pytest

from tests.support.served_service import Served, served_service, until

_HOST = b"Host: x\r\n"
_HEALTH = b"GET /healthz HTTP/1.1\r\n" + _HOST + b"\r\n"
_SIGN_IN = b"POST /api/v1/session HTTP/1.1\r\n" + _HOST
_UNKNOWN = b"POST /nothing HTTP/1.1\r\n" + _HOST
_CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
_WEBSOCKET = (
    b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
_TLS = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\xaa" * 507
_TWO_KILOBYTES = b"x" * 2_000
"""Ten times a second far more than a client has to send."""
_OFTEN, _PAUSE_SECONDS = 600, 0.1


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """What a client sends first, and what from then on ten times a second; `answered` with these statuses."""

    first: bytes
    then: bytes = b""
    answered: tuple[tuple[int, ...], ...]


_TIMED_OUT = ((408,),)
_CLIENTS = {
    "the first line, a letter at a time": Held(first=b"G", then=b"E", answered=_TIMED_OUT),
    "the head, a line at a time": Held(
        first=b"GET / HTTP/1.1\r\n" + _HOST, then=b"X: y\r\n", answered=_TIMED_OUT
    ),
    "half of the end of a line": Held(first=b"GET / HTTP/1.1\r\nHost: x\r", answered=_TIMED_OUT),
    "all of a head but its last byte": Held(first=_HEALTH[:-1], answered=_TIMED_OUT),
    "empty lines": Held(first=b"\r\n", then=b"\r\n", answered=((400,), *_TIMED_OUT)),
    "a long name that goes on": Held(
        first=b"GET / HTTP/1.1\r\n" + b"X" * 15_000, then=b"X" * 10, answered=_TIMED_OUT
    ),
    "a line that is too long and goes on": Held(
        first=b"GET / HTTP/1.1\r\nX: " + b"y" * 17_000, then=b"y" * 1_000, answered=((431,),)
    ),
    "an address that is too long and goes on": Held(
        first=b"GET /" + b"a" * 17_000, then=b"a" * 1_000, answered=((431,),)
    ),
    "a hundred fields and more": Held(
        first=b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 101, then=b"X: y\r\n", answered=((431,), *_TIMED_OUT)
    ),
    "a body of which nothing comes": Held(
        first=_SIGN_IN + b"Content-Length: 10000\r\n\r\n", answered=_TIMED_OUT
    ),
    "a body, ten bytes a second": Held(
        first=_SIGN_IN + b"Content-Length: 10000\r\n\r\n", then=b" ", answered=_TIMED_OUT
    ),
    "chunks of one byte": Held(first=_SIGN_IN + _CHUNKED, then=b"1\r\n \r\n", answered=_TIMED_OUT),
    "half a chunk's size": Held(first=_SIGN_IN + _CHUNKED + b"2", answered=_TIMED_OUT),
    "a chunk's size, a digit at a time": Held(
        first=_SIGN_IN + _CHUNKED, then=b"0", answered=((400,), *_TIMED_OUT)
    ),
    "all but the last chunk": Held(first=_SIGN_IN + _CHUNKED + b"2\r\n{}\r\n", answered=_TIMED_OUT),
    "half of the last chunk": Held(first=_SIGN_IN + _CHUNKED + b"2\r\n{}\r\n0\r\n", answered=_TIMED_OUT),
    "a body that waits to be asked for": Held(
        first=_SIGN_IN + b"Expect: 100-continue\r\nContent-Length: 100\r\n\r\n",
        then=b" ",
        answered=((100, 408),),
    ),
    "chunks without end, of which more came than may": Held(
        first=_UNKNOWN + _CHUNKED, then=b"7d0\r\n%b\r\n" % _TWO_KILOBYTES, answered=((404,), (413,))
    ),
    "more than may come, said before": Held(
        first=_UNKNOWN + b"Content-Length: 10000000\r\n\r\n", then=_TWO_KILOBYTES, answered=((413,),)
    ),
    "one request, and then silence": Held(first=_HEALTH, answered=((200,),)),
    "one request, and then the next, a letter at a time": Held(
        first=_HEALTH, then=b"G", answered=((200, 408),)
    ),
    "a hundred requests and half a body": Held(
        first=_HEALTH * 100 + _SIGN_IN + b"Content-Length: 100\r\n\r\n{", answered=((200,) * 100 + (408,),)
    ),
    "HTTP/1.0 that would go on": Held(
        first=b"GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", then=b"G", answered=((200,),)
    ),
    "HTTP/1.0, half of it": Held(first=b"GET /healthz HTTP/1.0\r\n", then=b"X", answered=_TIMED_OUT),
    "an upgrade that is not made": Held(
        first=b"GET /healthz HTTP/1.1\r\n" + _HOST + _WEBSOCKET,
        then=b"\x81\x01x",
        answered=((200, 400), (200, 408)),
    ),
    "an upgrade, half of it": Held(
        first=b"GET /healthz HTTP/1.1\r\n" + _HOST + _WEBSOCKET[:-2], answered=_TIMED_OUT
    ),
    "a tunnel that is not dug": Held(
        first=b"CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n", then=_TLS, answered=((404, 400), (404,))
    ),
    "TLS": Held(first=_TLS, answered=((400,),)),
    "the first byte of TLS": Held(first=_TLS[:1], answered=((400,), *_TIMED_OUT)),
    "HTTP/2": Held(first=b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", then=b"\0" * 9, answered=((505,),)),
    "another protocol's greeting": Held(
        first=b"SSH-2.0-OpenSSH_9.6\r\n", then=b"\r\n", answered=((400,), *_TIMED_OUT)
    ),
}


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """What came, and whether the connection was closed by the other side."""

    received: bytes
    is_closed: bool

    @property
    def statuses(self) -> tuple[int, ...]:
        return tuple(int(part[:3]) for part in self.received.split(b"HTTP/1.1 ")[1:])


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Waits a second for its clients."""
    with served_service(tmp_path_factory.mktemp("half_open"), client_seconds=1) as served:
        yield served


@pytest.fixture(scope="module")
def idle(impatient: Served) -> int:
    """How many sockets it has open while nobody is there."""
    return impatient.sockets


@pytest.fixture(scope="module")
def ended(impatient: Served, idle: int) -> Mapping[str, Ended]:
    """How each of the clients ended; they are all there together, and others are answered meanwhile."""
    with ThreadPoolExecutor(len(_CLIENTS)) as threads:
        running = {name: threads.submit(_end_of, impatient, held) for name, held in _CLIENTS.items()}
        with impatient.browser("127.0.0.2") as browser:
            for path in ("/", "/problems/double", "/sign-in") * 3:
                assert browser.get(path).status_code == 200
        return {name: one.result() for name, one in running.items()}


def _end_of(served: Served, held: Held) -> Ended:
    """Be such a client until the other side has had enough, or for a minute."""
    received = b""
    with served.connection() as connection:
        try:
            connection.sendall(held.first)
            for _ in range(_OFTEN):
                if select.select([connection], [], [], _PAUSE_SECONDS)[0]:
                    more = connection.recv(1 << 16)
                    received += more
                    if not more:
                        return Ended(received=received, is_closed=True)
                    time.sleep(_PAUSE_SECONDS)
                connection.sendall(held.then)
        except (ConnectionResetError, BrokenPipeError):
            return Ended(received=received + _left_in(connection), is_closed=True)
    return Ended(received=received, is_closed=False)


def _left_in(connection: socket.socket) -> bytes:
    """What had come before the other side closed."""
    try:
        return connection.recv(1 << 16)
    except OSError:
        return b""


@pytest.mark.parametrize("name", _CLIENTS)
def test_whoever_does_not_go_on_is_told_so_and_let_go(ended: Mapping[str, Ended], name: str) -> None:
    """And nobody is given what they did not ask for, such as another protocol."""
    assert ended[name].is_closed
    assert ended[name].statuses in _CLIENTS[name].answered


def test_none_of_them_is_left_and_the_log_says_little(
    impatient: Served, idle: int, ended: Mapping[str, Ended]
) -> None:
    """Neither of the connections nor of what was sent; the few lines are those of refusals, once a second."""
    assert len(ended) == len(_CLIENTS)
    until(lambda: impatient.sockets <= idle)
    assert "Traceback" not in impatient.log
    assert "\\xaa" not in impatient.log
    assert len(impatient.log.splitlines()) < 60, impatient.log[:4000]


def test_who_reads_a_byte_now_and_then_is_given_up(impatient: Served, idle: int) -> None:
    """Of hundreds of answers; a byte buys a thousandth of a second."""
    with impatient.connection(receives_bytes=4096) as connection:
        connection.setblocking(False)
        asked = b"GET /api/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 500
        assert connection.send(asked) > 10_000
        until(lambda: impatient.sockets > idle)

        def is_given_up() -> bool:
            with suppress(OSError):
                connection.recv(1)
            return impatient.sockets <= idle

        until(is_given_up)
