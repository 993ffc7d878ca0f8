"""No request that another parser may read otherwise is answered; its connection closes. On a real socket."""

from collections.abc import Iterator

import pytest

from tests.support.served_service import Served, served_service

_POST = b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\n"
_NEXT = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served_service(tmp_path_factory.mktemp("served")) as running:
        yield running


@pytest.mark.parametrize(
    "ambiguous",
    [
        _POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        _POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        _POST + b"transfer-encoding: CHUNKED\r\ncontent-length: 0\r\n\r\n0\r\n\r\n",
        _POST + b"Content-Length: 0\r\nContent-Length: 35\r\n\r\n",
        _POST + b"Content-Length: 0, 35\r\n\r\n",
        _POST + b"Content-Length: +0\r\n\r\n",
        _POST + b"Content-Length: 0x0\r\n\r\n",
        _POST + b"Content-Length: -1\r\n\r\n",
        _POST + b"Content-Length : 0\r\n\r\n",
        _POST + b"Content-Length:\r\n 0\r\n\r\n",
        _POST + b"X: y\r\n Content-Length: 35\r\n\r\n",
        _POST + b"X: y\r\n\tTransfer-Encoding: chunked\r\n\r\n",
        _POST + b"X: y\rTransfer-Encoding: chunked\r\n\r\n",
        _POST + b"X: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        _POST + b"X: y\x00\r\n\r\n",
        _POST + b"Content-Length: 0\n\n",
        _POST + b"Content-Length: 0\r\n\n",
        b"POST /api/v1/session HTTP/1.1\nHost: x\nContent-Length: 0\n\n",
        _POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        _POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        _POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        _POST + b"Transfer-Encoding: identity\r\n\r\n",
        _POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        _POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
        _POST.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        _POST.replace(b"1.1", b"2.0") + b"Content-Length: 0\r\n\r\n",
        _POST.replace(b"1.1", b"0.9") + b"Content-Length: 0\r\n\r\n",
        _POST + b"Host: y\r\nContent-Length: 0\r\n\r\n",
        b"POST /api/v1/session HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
        _POST + b"A: b\r\n" * 101 + b"\r\n",
        _POST + b"A: " + b"b" * 17_000 + b"\r\n\r\n",
    ],
)
def test_a_head_with_two_meanings_closes(served: Served, ambiguous: bytes) -> None:
    [status] = served.statuses(ambiguous + _NEXT)
    assert status in (400, 431, 501, 505)


@pytest.mark.parametrize(
    "chunks",
    [
        b"1;a=b\r\n{\r\n0\r\n\r\n",
        b"1;\r\n{\r\n0\r\n\r\n",
        b"1 \r\n{\r\n0\r\n\r\n",
        b" 1\r\n{\r\n0\r\n\r\n",
        b"1\n{\r\n0\r\n\r\n",
        b"1\r{\r\n0\r\n\r\n",
        b"1;a\nb\r\n{\r\n0\r\n\r\n",
        b"0x1\r\n{\r\n0\r\n\r\n",
        b"+1\r\n{\r\n0\r\n\r\n",
        b"-1\r\n{\r\n0\r\n\r\n",
        b"1_0\r\n{\r\n0\r\n\r\n",
        b"000000001\r\n{\r\n0\r\n\r\n",
        b"\r\n{\r\n0\r\n\r\n",
        b"1\r\n{}\r\n0\r\n\r\n",
        b"1\r\n{XX0\r\n\r\n",
        b"1\r\n{\n0\r\n\r\n",
        b"1\r\n{\r\n0\r\nContent-Length: 35\r\n\r\n",
        b"1\r\n{\r\n0\r\n\n",
        b"1\r\n{\r\n" * 10_001 + b"0\r\n\r\n",
    ],
)
def test_a_chunked_body_with_two_meanings_closes(served: Served, chunks: bytes) -> None:
    [status] = served.statuses(_POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + _NEXT)
    assert status in (400, 413)


@pytest.mark.parametrize("cut", [1, 2, 3, 7, 1000])
def test_what_has_one_meaning_is_answered_however_it_is_cut(served: Served, cut: int) -> None:
    """A sign-in in chunks, one of known length, and one more request, on one connection."""
    body = b'{"email": "a@school.test", "password": "wrong"}'
    chunked = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:1], body[1:20], body[20:]))
    json = b"Content-Type: application/json\r\n"
    sent = (
        _POST + json + b"Transfer-Encoding: chunked\r\n\r\n" + chunked + b"0\r\n\r\n"
        + _POST + json + b"Content-Length: %d\r\n\r\n" % len(body) + body
        + _NEXT.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    )  # fmt: skip
    received = b""
    with served.connection() as connection:
        for place in range(0, len(sent), cut):
            connection.sendall(sent[place : place + cut])
        while more := connection.recv(1 << 16):
            received += more
    assert [int(part[:3]) for part in received.split(b"HTTP/1.1 ")[1:]] == [401, 401, 200]
