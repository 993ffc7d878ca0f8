"""Two readers of one stream of bytes: what a proxy and this service may take for different requests.

The first findings of this kind are in tests/integration/test_request_smuggling.py. Here are their kin, on a
real socket; and what has one meaning only is answered as that, whatever lies in its body.
"""

import time
from collections.abc import Iterator

import pytest

from tests.support.served_service import Served, served_service

_POST = b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\n"
_HIDDEN = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
"""Answered with 200, as nothing else here is."""
_LAST = b"GET /api/v1/session HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
"""Answered with 401."""
_LENGTH = b"Content-Length: %d\r\n" % len(_HIDDEN)
_CHUNKED = b"Transfer-Encoding: chunked\r\n"
_IN_CHUNKS = b"%x\r\n%b\r\n0\r\n\r\n" % (len(_HIDDEN), _HIDDEN)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Its figures are on a port of their own; it waits four seconds for its clients."""
    place = tmp_path_factory.mktemp("smuggling")
    with served_service(place, metrics_port=0, metrics_host="127.0.0.1", client_seconds=4) as running:
        yield running


_HEADS = {
    "one length twice": _LENGTH * 2,
    "one length twice in a line": b"Content-Length: 34, 34\r\n",
    "a length and no length": b"Content-Length: 34,\r\n",
    "a length in hexadecimal": b"Content-Length: 0x5\r\n",
    "a length with a sign": b"Content-Length: +5\r\n",
    "less than nothing": b"Content-Length: -0\r\n",
    "a power of ten": b"Content-Length: 1e1\r\n",
    "a length with an underscore": b"Content-Length: 3_4\r\n",
    "a length and more": b"Content-Length: 34 35\r\n",
    "a length in quotes": b'Content-Length: "34"\r\n',
    "an empty length": b"Content-Length:\r\n",
    "digits beyond ASCII": "Content-Length: ３４\r\n".encode(),
    "a length behind a NUL": b"Content-Length: 34\x00\r\n",
    "more digits than any number has": b"Content-Length: " + b"9" * 5_000 + b"\r\n",
    "a length beyond 64 bits": b"Content-Length: 18446744073709551650\r\n",
    "chunked, chunked": b"Transfer-Encoding: chunked, chunked\r\n",
    "chunked, identity": b"Transfer-Encoding: chunked, identity\r\n",
    "chunked and identity": _CHUNKED + b"Transfer-Encoding: identity\r\n",
    "chunked with a parameter": b"Transfer-Encoding: chunked;q=1\r\n",
    "chunked in quotes": b'Transfer-Encoding: "chunked"\r\n',
    "a comma and chunked": b"Transfer-Encoding: , chunked\r\n",
    "chunked and a form feed": b"Transfer-Encoding: chunked\x0c\r\n",
    "chunked beyond ASCII": b"Transfer-Encoding: \xa0chunked\r\n",
    "an empty encoding": b"Transfer-Encoding:\r\n",
    "chunked under two names": b"Transfer-Encoding\x00: chunked\r\n",
    "a name with a tab": b"Transfer-Encoding\t: chunked\r\n",
    "no colon": b"Transfer-Encoding chunked\r\n",
    "no name": b": chunked\r\n" + _CHUNKED,
    "folded at its beginning": b"X:\r\n y\r\n" + _CHUNKED,
    "folded into a length": b"Content-Length: 3\r\n 4\r\n",
    "a bare CR in a name": b"X\rContent-Length: 34\r\n",
    "a bare LF between": b"X: y\nContent-Length: 34\r\n",
    "length and chunked, a line between": _LENGTH + b"X: y\r\n" + _CHUNKED,
    "two hosts on a line of their own": b"Host: x\r\n",
}


@pytest.mark.parametrize("name", _HEADS)
def test_a_head_that_two_readers_may_end_elsewhere_is_refused_and_closed(served: Served, name: str) -> None:
    """Neither of the two requests that follow is seen, however the body was meant."""
    for body in (_HIDDEN, _IN_CHUNKS):
        [status] = served.statuses(_POST + _HEADS[name] + b"\r\n" + body + _LAST)
        assert status in (400, 413, 431, 501)


_LINES = {
    "two blanks": b"GET  /nothing HTTP/1.1\r\n",
    "a tab": b"GET\t/nothing\tHTTP/1.1\r\n",
    "a blank in the address": b"GET /nothing /healthz HTTP/1.1\r\n",
    "a blank at the end": b"GET /nothing HTTP/1.1 \r\n",
    "a blank before": b" GET /nothing HTTP/1.1\r\n",
    "no version": b"GET /nothing\r\n",
    "a version in small letters": b"GET /nothing http/1.1\r\n",
    "a version of two digits": b"GET /nothing HTTP/1.10\r\n",
    "a version with a nought": b"GET /nothing HTTP/01.1\r\n",
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "the line of a proxy": b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\nGET /nothing HTTP/1.1\r\n",
    "letters beyond ASCII": "GET /nöthing HTTP/1.1\r\n".encode(),
    "a method with a colon": b"GET: /nothing HTTP/1.1\r\n",
    "a bare LF": b"GET /nothing HTTP/1.1\n",
    "a bare CR": b"GET /nothing HTTP/1.1\rX: y\r\n",
}


@pytest.mark.parametrize("name", _LINES)
def test_a_first_line_that_can_be_read_in_two_ways_is_refused_and_closed(served: Served, name: str) -> None:
    [status] = served.statuses(_LINES[name] + b"Host: x\r\n\r\n" + _HIDDEN + _LAST)
    assert status in (400, 505)


_CHUNKS = {
    "a size below nothing": b"-22\r\n",
    "a size of 64 bits and one": b"10000000000000022\r\n",
    "a size of nine digits": b"000000022\r\n",
    "a size in decimals with a sign": b"+34\r\n",
    "a tab behind the size": b"22\t\r\n",
    "a tab before the size": b"\t22\r\n",
    "a size in quotes": b'"22"\r\n',
    "an extension": b"22;a=b\r\n",
    "an extension over two lines": b'22;a="\r\n"\r\n',
    "an extension without a name": b"22;=\r\n",
    "a comma": b"22,\r\n",
    "no digits": b"g\r\n",
    "digits and a letter": b"22h\r\n",
    "a NUL": b"22\x00\r\n",
    "two CR": b"22\r\r\n",
    "LF and CR": b"22\n\r",
    "digits beyond ASCII": "２２\r\n".encode(),
}


@pytest.mark.parametrize("name", _CHUNKS)
def test_a_chunk_of_a_size_that_can_be_read_in_two_ways_is_refused_and_closed(
    served: Served, name: str
) -> None:
    whole = _CHUNKS[name] + _HIDDEN + b"\r\n0\r\n\r\n"
    [status] = served.statuses(_POST + _CHUNKED + b"\r\n" + whole + _LAST)
    assert status == 400


_ENDINGS = {
    "an extension of the last chunk": b"0;a\r\n\r\n",
    "a blank in the last chunk": b"0 \r\n\r\n",
    "a trailer": b"0\r\nX: y\r\n\r\n",
    "a host in a trailer": b"0\r\nHost: y\r\n\r\n",
    "a bare LF at the end": b"0\r\n\n",
    "a bare CR at the end": b"0\r\n\r\r\n",
    "less than the last chunk": b"-0\r\n\r\n",
    "a request in place of the end": b"0\r\n",
}


@pytest.mark.parametrize("name", _ENDINGS)
def test_an_end_of_chunks_that_can_be_read_in_two_ways_is_refused_and_closed(
    served: Served, name: str
) -> None:
    chunks = b"2\r\n{}\r\n" + _ENDINGS[name]
    [status] = served.statuses(_POST + _CHUNKED + b"\r\n" + chunks + _HIDDEN + _LAST)
    assert status == 400


def test_a_chunk_that_promises_four_gigabytes_is_given_up_at_the_limit_of_a_body(served: Served) -> None:
    [status] = served.statuses(_POST + _CHUNKED + b"\r\nFFFFFFFF\r\n" + _HIDDEN * 2_000 + _LAST)
    assert status == 413


_WITH_BODIES = {
    "a page that is not there": (b"GET /nothing HTTP/1.1", 404),
    "a method that has no body": (b"HEAD /nothing HTTP/1.1", 404),
    "a method that is not there": (b"PUT /healthz HTTP/1.1", 405),
    "a method that nobody knows": (b"BREW /nothing HTTP/1.1", 404),
    "a post to nowhere": (b"POST /nothing HTTP/1.1", 404),
    "a file": (b"POST /static/favicon.svg HTTP/1.1", 405),
    "whoever is signed in": (b"GET /api/v1/session HTTP/1.1", 401),
    "a sign-out": (b"DELETE /api/v1/session HTTP/1.1", 204),
    "a sign-in": (b"POST /api/v1/session HTTP/1.1", 422),
    "a submission of nobody": (b"POST /api/v1/problems/double/submissions HTTP/1.1", 401),
    "another server's address": (b"GET http://other.test/healthz HTTP/1.1", 404),
    "all of the server": (b"OPTIONS * HTTP/1.1", 404),
    "an upgrade to HTTP/2": (
        b"GET /nothing HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: A",
        404,
    ),
    "an upgrade to a socket": (
        b"GET /nothing HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: YQ==",
        404,
    ),
    "a body by another name": (b"GET /nothing HTTP/1.1\r\nContent_Length: 0\r\nContent-Length-X: 0", 404),
    "another method in a header": (b"GET /nothing HTTP/1.1\r\nX-HTTP-Method-Override: POST", 404),
}


@pytest.mark.parametrize("name", _WITH_BODIES)
def test_a_request_in_a_body_is_no_request(served: Served, name: str) -> None:
    """Whether the body is read or not, before the answer or after it, of known length or in chunks."""
    line, status = _WITH_BODIES[name]
    head = line + b"\r\nHost: x\r\n"
    for body in (_LENGTH + b"\r\n" + _HIDDEN, b"Transfer-Encoding:\tchunked \r\n\r\n" + _IN_CHUNKS):
        assert served.statuses(head + body + _LAST) == [status, 401]


@pytest.mark.parametrize("part", [1, 9, len(_HIDDEN) - 1])
def test_a_body_that_comes_in_two_parts_is_no_request(served: Served, part: int) -> None:
    """Nor is its second part."""
    received = b""
    with served.connection() as connection:
        connection.sendall(b"GET /nothing HTTP/1.1\r\nHost: x\r\n" + _LENGTH + b"\r\n" + _HIDDEN[:part])
        time.sleep(0.2)
        connection.sendall(_HIDDEN[part:] + _LAST)
        while more := connection.recv(1 << 16):
            received += more
    assert [int(answer[:3]) for answer in received.split(b"HTTP/1.1 ")[1:]] == [404, 401]


_CLOSING = {
    "HTTP/1.0": b"GET /nothing HTTP/1.0\r\nHost: x\r\n\r\n",
    "HTTP/1.0 that would go on": b"GET /nothing HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n\r\n",
    "HTTP/1.0 with a body": b"POST /nothing HTTP/1.0\r\nHost: x\r\n" + _LENGTH + b"\r\n" + _HIDDEN,
    "close among others": b"GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: TE, Close\r\n\r\n",
    "close behind keep-alive": (
        b"GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n"
    ),
    "a body above the limit": (
        b"POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n" + _HIDDEN
    ),
}


@pytest.mark.parametrize("name", _CLOSING)
def test_nothing_is_read_behind_the_last_request(served: Served, name: str) -> None:
    [status] = served.statuses(_CLOSING[name] + _HIDDEN + _LAST)
    assert status in (404, 413)


_FIGURES = (b"jaxercise_requests_total", b'"ready"', b'"not ready"')
_HEAD = b"Host: x\r\nConnection: close\r\n"
_WAYS_TO_FIGURES = {
    "the head alone": b"HEAD %b HTTP/1.1\r\n" + _HEAD,
    "a post": b"POST %b HTTP/1.1\r\nContent-Length: 0\r\n" + _HEAD,
    "a slash behind": b"GET %b/ HTTP/1.1\r\n" + _HEAD,
    "a slash before": b"GET /%b HTTP/1.1\r\n" + _HEAD,
    "a dot": b"GET /.%b HTTP/1.1\r\n" + _HEAD,
    "out of a folder": b"GET /static/..%b HTTP/1.1\r\n" + _HEAD,
    "out of a folder, escaped": b"GET /static/%%2e%%2e%b HTTP/1.1\r\n" + _HEAD,
    "a question": b"GET %b?x=1 HTTP/1.1\r\n" + _HEAD,
    "a parameter": b"GET %b;x HTTP/1.1\r\n" + _HEAD,
    "a whole address": b"GET http://127.0.0.1%b HTTP/1.1\r\n" + _HEAD,
    "the address of its port": b"GET %b HTTP/1.1\r\nHost: 127.0.0.1:METRICS\r\nConnection: close\r\n",
    "from this machine, it says": b"GET %b HTTP/1.1\r\nX-Forwarded-For: 127.0.0.1\r\n" + _HEAD,
    "another address in a header": b"GET / HTTP/1.1\r\nX-Original-URL: %b\r\nX-Rewrite-URL: %b\r\n" + _HEAD,
    "the API's": b"GET /api/v1%b HTTP/1.1\r\n" + _HEAD,
    "as a page's fragment": b"GET /?fragment=%b HTTP/1.1\r\n" + _HEAD,
    "HTTP/1.0": b"GET %b HTTP/1.0\r\n",
}


@pytest.mark.parametrize("path", [b"/metrics", b"/readyz", b"/%6Detrics", b"/METRICS"])
@pytest.mark.parametrize("name", _WAYS_TO_FIGURES)
def test_no_way_of_asking_brings_figures_on_the_public_port(served: Served, name: str, path: bytes) -> None:
    asked = _WAYS_TO_FIGURES[name]
    asked = asked.replace(b"%b", path).replace(b"%%", b"%") + b"\r\n"
    received = b""
    with served.connection() as connection:
        connection.sendall(asked.replace(b":METRICS\r\n", b":%d\r\n" % (served.metrics_port or 0)))
        while more := connection.recv(1 << 16):
            received += more
    assert received.startswith(b"HTTP/1.1 ")
    assert not [figure for figure in _FIGURES if figure in received]


def test_its_own_port_has_them(served: Served) -> None:
    """Or the tests above could not fail."""
    received = b""
    for path in ("/metrics", "/readyz"):
        with served.browser() as browser:
            received += browser.get(f"http://127.0.0.1:{served.metrics_port}{path}").content
    assert len([figure for figure in _FIGURES if figure in received]) == 2
