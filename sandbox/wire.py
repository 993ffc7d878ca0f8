"""Frames between supervisor, fork server and child: four bytes of length, then MessagePack."""

import socket
from collections.abc import Iterator
from typing import Generic, TypeVar

import msgspec

HEADER_BYTES = 4
REQUEST_LIMIT_BYTES = 64 << 20
_REASON_LIMIT = 200

Message = TypeVar("Message")

_encoder = msgspec.msgpack.Encoder()


class BadFrame(ValueError):
    """The bytes are no frame of the expected kind."""


def frame(message: msgspec.Struct) -> bytes:
    """Encode one message, ready to send."""
    body = _encoder.encode(message)
    return len(body).to_bytes(HEADER_BYTES, "big") + body


class FrameReader(Generic[Message]):
    """Cuts a byte stream into messages; the sender may be hostile.

    `limit_bytes` bounds all bytes together, so that a flood ends early and nothing is buffered beyond it.
    """

    def __init__(self, decoder: "msgspec.msgpack.Decoder[Message]", *, limit_bytes: int) -> None:
        self._decoder = decoder
        self._buffer = bytearray()
        self._left_bytes = limit_bytes

    def feed(self, data: bytes) -> Iterator[Message]:
        """Yield the messages that `data` completes.

        Raises:
            BadFrame: a frame is oversized, or does not decode.
        """
        self._left_bytes -= len(data)
        if self._left_bytes < 0:
            raise BadFrame("more bytes than the limit on replies")
        self._buffer += data
        while len(self._buffer) >= HEADER_BYTES:
            length = int.from_bytes(self._buffer[:HEADER_BYTES], "big")
            if length > self._left_bytes + len(self._buffer):
                raise BadFrame(f"a frame of {length} bytes is above the limit on replies")
            if len(self._buffer) < HEADER_BYTES + length:
                return
            body = bytes(self._buffer[HEADER_BYTES : HEADER_BYTES + length])
            del self._buffer[: HEADER_BYTES + length]
            try:
                yield self._decoder.decode(body)
            except (ValueError, RecursionError) as error:  # msgspec raises UnicodeDecodeError as it is.
                raise BadFrame(str(error)[:_REASON_LIMIT]) from error


def receive(channel: socket.socket, *, limit_bytes: int = REQUEST_LIMIT_BYTES) -> bytes:
    """Receive one frame's body from a blocking socket.

    Raises:
        BadFrame: the other side closed early, or the frame is above the limit.
    """
    length = int.from_bytes(_exactly(channel, HEADER_BYTES), "big")
    if length > limit_bytes:
        raise BadFrame(f"a frame of {length} bytes is above the limit of {limit_bytes}")
    return _exactly(channel, length)


def _exactly(channel: socket.socket, count: int) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        piece = channel.recv(min(count - len(parts), 1 << 20))
        if not piece:
            raise BadFrame("the other side closed the channel")
        parts += piece
    return bytes(parts)
