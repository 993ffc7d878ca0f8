"""A port on which health, readiness and metrics alone are answered."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.api.operators import Health, worker_app
from app.cli.serving.connections import connections_of
from app.cli.serving.server import QuietServer, address_of
from app.settings import Settings


@asynccontextmanager
async def answering(
    listener: socket.socket | None, settings: Settings, health: Health, *, says: str
) -> AsyncIterator[None]:
    """Answer while the block lasts, if there is a socket; what is printed of its address begins so."""
    if listener is None:
        yield
        return
    server = QuietServer(worker_app(health), connections_of(settings))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    print(f"{says} {address_of(listener)}", flush=True)
    try:
        yield
    finally:
        server.should_exit = True
        await asyncio.gather(serving, return_exceptions=True)
