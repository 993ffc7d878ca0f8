"""The sockets that a service answers on."""

import socket

import pytest

from app.cli.serving.server import address_of, listening
from app.errors import GraderError


def test_no_part_of_an_answer_waits_for_the_one_before() -> None:
    """Events are small, and come one by one: each would wait for the client's delayed acknowledgement."""
    with (
        listening("127.0.0.1", 0, instead="--port") as listener,
        socket.create_connection(listener.getsockname(), timeout=5),
    ):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_taken_place_is_said() -> None:
    with listening("127.0.0.1", 0, instead="--host and --port") as listener:
        port = listener.getsockname()[1]
        with pytest.raises(
            GraderError, match=rf"cannot listen on 127.0.0.1:{port} .* with --host and --port"
        ):
            listening("127.0.0.1", port, instead="--host and --port")
        assert address_of(listener) == f"http://127.0.0.1:{port}"
