"""A head that comes in pieces is looked at once, and refused for what any of its pieces hides."""

import re

import h11
import pytest

from app.cli.serving import strict_http
from app.cli.serving.strict_http import StrictConnection

_GOOD = b"GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n"
_BAD = {
    "a bare LF": b"GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n",
    "a bare CR": b"GET / HTTP/1.1\r\nHost: a\rX: y\r\n\r\n",
    "two CRs": b"GET / HTTP/1.1\r\nHost: a\r\r\nX: y\r\n\r\n",
    "a NUL": b"GET / HTTP/1.1\r\nHost: a\0\r\n\r\n",
    "an LF at the end": b"GET / HTTP/1.1\r\nHost: a\r\n\n",
    "both lengths": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
}


def events_of(*pieces: bytes) -> list[object]:
    connection, events = StrictConnection(), list[object]()
    for piece in pieces:
        connection.receive_data(piece)
        while (event := connection.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
            events.append(type(event))
    return events


def pieces_of(text: bytes) -> list[list[bytes]]:
    """One by one, and in two at every place."""
    two = [[text[:cut], text[cut:]] for cut in range(1, len(text))]
    return [[bytes([byte]) for byte in text], *two]


def test_a_head_may_come_in_any_pieces() -> None:
    for pieces in pieces_of(_GOOD):
        assert events_of(*pieces) == [h11.Request, h11.EndOfMessage], pieces


@pytest.mark.parametrize("fault", _BAD)
def test_what_is_wrong_is_found_between_any_pieces(fault: str) -> None:
    for pieces in pieces_of(_BAD[fault]):
        with pytest.raises(h11.RemoteProtocolError):
            events_of(*pieces)


def test_the_next_head_is_looked_at_from_its_beginning() -> None:
    connection = StrictConnection()
    connection.receive_data(_GOOD)
    assert [type(connection.next_event()) for _ in range(2)] == [h11.Request, h11.EndOfMessage]
    connection.send(h11.Response(status_code=204, headers=[]))
    connection.send(h11.EndOfMessage())
    connection.start_next_cycle()
    connection.receive_data(_BAD["a bare LF"][:30])
    with pytest.raises(h11.RemoteProtocolError):
        connection.next_event()


def test_each_further_byte_costs_no_more_than_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """A head of 16 KB that came byte by byte took seconds of the event loop."""
    searched = 0

    class Counting:
        def search(self, text: bytes, start: int = 0) -> re.Match[bytes] | None:
            nonlocal searched
            searched += len(text) - start
            return stray.search(text, start)

    stray = strict_http._STRAY
    monkeypatch.setattr(strict_http, "_STRAY", Counting())
    head = b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 4_000
    assert events_of(*(bytes([byte]) for byte in head)) == []
    assert searched < 3 * len(head)
