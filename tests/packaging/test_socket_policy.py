"""The socket policy of `tests/conftest.py` really refuses what it should."""

import socket

import pytest
from pytest_socket import SocketBlockedError


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_a_unit_test_cannot_open_an_internet_socket(family: socket.AddressFamily) -> None:
    """Not even to this machine: what needs a server is an integration test."""
    with pytest.raises(SocketBlockedError):
        socket.socket(family, socket.SOCK_STREAM)


def test_a_unit_test_may_use_unix_sockets() -> None:
    """Event loops and the jail's supervisor need them."""
    near, far = socket.socketpair()
    with near, far:
        near.sendall(b"frame")
        assert far.recv(5) == b"frame"
