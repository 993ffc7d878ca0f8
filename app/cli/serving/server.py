"""The sockets that a service answers on, and servers that stop when they should."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from app.errors import GraderError

# Streams of events are cut off at a stop; pages get this long to finish.
_LAST_ANSWERS_SECONDS = 5


class Server(uvicorn.Server):
    """Stops on a signal without repeating it, which would end the process before runs are drained."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        with super().capture_signals():
            yield
            self._captured_signals.clear()


class QuietServer(uvicorn.Server):
    """Leaves signals to whoever runs it, who sets `should_exit`."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def server_config(app: ASGIApp, *, trusted_proxies: str = "") -> uvicorn.Config:
    """Return uvicorn's settings: no request is logged, and the lifespan is the caller's to run."""
    return uvicorn.Config(
        app,
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=trusted_proxies or None,
        timeout_graceful_shutdown=_LAST_ANSWERS_SECONDS,
    )


def listening(host: str, port: int, *, instead: str) -> socket.socket:
    """Return a socket that takes connections; `instead` names what chooses another place.

    Raises:
        GraderError: the place is taken, or none of this machine's.
    """
    try:
        made = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as fault:
        raise GraderError(
            f"cannot listen on {host}:{port} ({fault.strerror}): choose another with {instead}"
        ) from None
    # Connections inherit it; asyncio sets it for sockets of its own making only. Without it the second part
    # of an answer, or the next live event, waits until the client has confirmed the first, 40 ms later.
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def address_of(listener: socket.socket) -> str:
    """Return the URL at which the socket is reached."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
