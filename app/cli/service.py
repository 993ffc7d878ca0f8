"""Running the service until it is stopped."""

import asyncio
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from app.cli.logs import set_up_logs
from app.errors import GraderError
from app.main import create_app
from app.settings import Settings
from app.worker.worker import Worker
from sandbox.interface import SandboxError

_log = logging.getLogger("jaxercise")
# Streams of events are cut off at a stop; pages get this long to finish.
_LAST_ANSWERS_SECONDS = 5


class _Server(uvicorn.Server):
    """Stops on a signal without repeating it, which would end the process before runs are drained."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        with super().capture_signals():
            yield
            self._captured_signals.clear()


def run_service(settings: Settings) -> None:
    """Serves until SIGINT or SIGTERM.

    Raises:
        GraderError: the port is taken, or the sandbox can't work here.
    """
    set_up_logs(settings, "web")
    with _listening(settings.host, settings.port) as listener:
        asyncio.run(_serve(settings, listener))


async def _serve(settings: Settings, listener: socket.socket) -> None:
    app = create_app(settings)
    server = _Server(
        uvicorn.Config(
            app,
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=settings.trusted_proxies or None,
            timeout_graceful_shutdown=_LAST_ANSWERS_SECONDS,
        )
    )
    # The lifespan runs here and not under uvicorn, so that its errors are ours to tell in one line.
    async with app.router.lifespan_context(app):
        print(f"Jaxercise is at {_address(listener)}", flush=True)
        if await app.state.accounts.is_empty():
            print("The first account to sign up is the admin.", flush=True)
        watch = asyncio.create_task(_stop_on_failure(app.state.worker, server))
        await server.serve(sockets=[listener])
        if watch.done():
            raise watch.result()
        watch.cancel()


async def _stop_on_failure(worker: Worker | None, server: uvicorn.Server) -> GraderError:
    """A service that should grade and can't is of no use: it stops and says why."""
    if worker is None:
        await asyncio.Event().wait()
    assert worker is not None
    failure = await worker.failure()
    server.should_exit = True
    return as_grader_error(failure)


def as_grader_error(failure: Exception) -> GraderError:
    """Why a worker cannot go on, as a command tells it; a bug's traceback goes into the log."""
    if isinstance(failure, GraderError):
        return failure
    if not isinstance(failure, SandboxError):
        _log.error("the worker broke", exc_info=failure)
    return GraderError(str(failure) or type(failure).__name__)


def _listening(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as fault:
        raise GraderError(
            f"cannot listen on {host}:{port} ({fault.strerror}): choose another with --host and --port"
        ) from None


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
