"""The sockets that a service answers on, and servers that stop when they should."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from app.cli.serving.connections import Connections
from app.cli.serving.protocol import protocol_for
from app.errors import GraderError

# Streams of events are cut off at a stop; pages get this long to finish.
_LAST_ANSWERS_SECONDS = 5
_ACCEPTED_AT_ONCE = 8
"""Of many newcomers; asyncio takes what uvicorn calls the backlog, and answers nobody meanwhile. A page is
made in some ten steps of the loop, each of which waits for so many."""
_WAITING_IN_THE_KERNEL = 4096
"""Beyond it the kernel answers nobody, and a visitor tries again after 1, 3, 7 and 15 seconds."""
_TICKS_OF_A_LOOK = 5
"""Of uvicorn's ticks, ten a second. Each looks at a part: all of thousands would hold up pages."""


class _BoundedServer(uvicorn.Server):
    """Looks after its connections: how many there are, and how long each waits for its client."""

    def __init__(self, app: ASGIApp, connections: Connections, *, trusted_proxies: str = "") -> None:
        super().__init__(_config(app, connections, trusted_proxies))
        self._connections = connections

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listener in sockets or ():
            listener.listen(_WAITING_IN_THE_KERNEL)

    async def on_tick(self, counter: int) -> bool:
        part = counter % _TICKS_OF_A_LOOK
        self._connections.look(asyncio.get_running_loop().time(), part=part, parts=_TICKS_OF_A_LOOK)
        return await super().on_tick(counter)


class Server(_BoundedServer):
    """Stops on a signal without repeating it, which would end the process before runs are drained."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        with super().capture_signals():
            yield
            self._captured_signals.clear()


class QuietServer(_BoundedServer):
    """Leaves signals to whoever runs it, who sets `should_exit`."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _config(app: ASGIApp, connections: Connections, trusted_proxies: str) -> uvicorn.Config:
    """Return uvicorn's settings: no request is logged, and the lifespan is the caller's to run."""
    return uvicorn.Config(
        app,
        http=protocol_for(connections),
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=trusted_proxies or None,
        timeout_graceful_shutdown=_LAST_ANSWERS_SECONDS,
        backlog=_ACCEPTED_AT_ONCE,
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
