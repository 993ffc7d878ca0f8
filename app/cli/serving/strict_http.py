"""What a request must look like: h11's parser, and nothing that another parser may read otherwise.

A proxy and this service have to agree where a request ends. Wherever RFC 9112 lets a server guess (both
`Content-Length` and `Transfer-Encoding`, a bare CR or LF, a folded header line, blanks and extensions of
chunk sizes), what follows could be a request that only one of the two sees. Such a request is refused with
400, and its connection closed.
"""

import re
from collections.abc import Callable
from typing import Any, NoReturn

import h11
from h11._readers import ChunkedReader
from h11._receivebuffer import ReceiveBuffer

HEAD_LIMIT_BYTES = 16 * 1024
HEADER_LIMIT = 100
_CHUNK_LIMIT = 10_000
"""Chunks of one body: each costs microseconds, however small it is."""
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,8}\r\n")
_CHUNK_LINE_BYTES = 10
_STRAY = re.compile(rb"(?<!\r)\n|\r(?!\n|\Z)|\x00")
_VERSIONS = (b"HTTP/1.1", b"HTTP/1.0")


class StrictConnection(h11.Connection):
    """The server's side of a connection, which raises `h11.RemoteProtocolError` for all of the above."""

    refused_with = 400
    """The status to answer an error with."""

    def __init__(self) -> None:
        super().__init__(h11.SERVER, HEAD_LIMIT_BYTES)
        self._looked_at = 0
        """Bytes of a head that has not come to its end; else each further one would cost as much as all."""

    def next_event(self) -> Any:
        """Return the next event, as h11 does."""
        try:
            if self.their_state is h11.IDLE:
                self._looked_at = _check_head(self.trailing_data[0], self._looked_at)
            return super().next_event()
        except h11.RemoteProtocolError as fault:
            self.refused_with = fault.error_status_hint
            raise

    def _get_io_object(self, role: Any, event: Any, io_dict: Any) -> Callable[..., Any] | None:
        made = super()._get_io_object(role, event, io_dict)
        return _StrictChunks() if isinstance(made, ChunkedReader) else made


def _check_head(received: bytes, looked_at: int = 0) -> int:
    """Refuse what is wrong with a request's head, as far as it has arrived.

    Nothing was wrong with as much of it as was `looked_at`. Return how much that is now; 0 at its end.
    """
    end = received.find(b"\r\n\r\n", max(0, looked_at - 3), HEAD_LIMIT_BYTES)
    head = received[: end + 4] if end >= 0 else received[: HEAD_LIMIT_BYTES + 1]
    # The last one that was looked at may have been a CR, whose LF is here.
    if _STRAY.search(head, max(0, looked_at - 1)):
        raise h11.RemoteProtocolError("a bare CR, LF or NUL in the head")
    if end < 0:
        if len(head) > HEAD_LIMIT_BYTES:
            raise h11.RemoteProtocolError("the head is too large", error_status_hint=431)
        return len(head)
    request_line, *fields = head[:end].split(b"\r\n")
    version = request_line.rpartition(b" ")[2]
    if version not in _VERSIONS and version.startswith(b"HTTP/"):
        raise h11.RemoteProtocolError("another version of HTTP", error_status_hint=505)
    if len(fields) > HEADER_LIMIT:
        raise h11.RemoteProtocolError("too many header fields", error_status_hint=431)
    if any(field[:1] in (b" ", b"\t") for field in fields):
        raise h11.RemoteProtocolError("a folded header line")
    _check_end_of_body(fields, version)
    return 0


def _check_end_of_body(fields: list[bytes], version: bytes) -> None:
    """Refuse a head that says in two ways where its body ends, even if both are the same place."""
    named = [(name.strip().lower(), value) for name, _, value in (field.partition(b":") for field in fields)]
    lengths = [value for name, value in named if name == b"content-length"]
    # h11 takes `5, 5` for 5.
    if len(lengths) > 1 or any(b"," in value for value in lengths):
        raise h11.RemoteProtocolError("several lengths of one body")
    if b"transfer-encoding" in dict(named) and (lengths or version == b"HTTP/1.0"):
        raise h11.RemoteProtocolError("two ways to tell where the body ends")


class _StrictChunks:
    """Reads a chunked body; of a chunk's line nothing but its size is allowed, and no trailers."""

    def __init__(self) -> None:
        self._left = 0
        self._chunks = 0
        self._ending = b""
        """What has to come next: the end of a chunk, or of all."""
        self._is_last = False

    def __call__(self, buffer: ReceiveBuffer) -> h11.Data | h11.EndOfMessage | None:
        """Return the data of all chunks that have arrived as one event."""
        found = bytearray()
        while self._ending or self._left or not self._is_last:
            if self._ending:
                if not self._has_ended(buffer):
                    break
            elif self._left:
                data = buffer.maybe_extract_at_most(self._left)
                if data is None:
                    break
                found += data
                self._left -= len(data)
                self._ending = b"" if self._left else b"\r\n"
            elif not self._begin(buffer):
                break
        if found:
            return h11.Data(data=bytes(found))
        return h11.EndOfMessage() if self._is_last and not self._ending else None

    def read_eof(self) -> NoReturn:
        """Raise: the last chunk has not come."""
        raise h11.RemoteProtocolError("the client left in the middle of a body")

    def _has_ended(self, buffer: ReceiveBuffer) -> bool:
        came = buffer.maybe_extract_at_most(len(self._ending)) or b""
        if came != self._ending[: len(came)]:
            raise h11.RemoteProtocolError("a chunk of another size, or a trailer")
        self._ending = self._ending[len(came) :]
        return not self._ending

    def _begin(self, buffer: ReceiveBuffer) -> bool:
        """Read a chunk's line; False where it has not arrived."""
        line = buffer.maybe_extract_next_line()
        if line is None and len(buffer) < _CHUNK_LINE_BYTES:
            return False
        if line is None or not _CHUNK_SIZE.fullmatch(line):
            raise h11.RemoteProtocolError("an illegal chunk size")
        self._chunks += 1
        if self._chunks > _CHUNK_LIMIT:
            raise h11.RemoteProtocolError("too many chunks", error_status_hint=413)
        self._left = int(line, 16)
        if not self._left:
            self._is_last, self._ending = True, b"\r\n"
        return True
