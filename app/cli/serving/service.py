"""Running the service until it is stopped."""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext

import uvicorn
from fastapi import FastAPI

from app.api.operators import health_of
from app.cli.serving.connections import connections_of
from app.cli.serving.grader import fork_grader
from app.cli.serving.logs import set_up_logs
from app.cli.serving.open_files import OpenFiles, raise_open_files
from app.cli.serving.probes import answering
from app.cli.serving.server import Server, address_of, listening
from app.cli.serving.supervise import freeze_heap, keep
from app.errors import GraderError
from app.http.services import services_of
from app.main import create_app
from app.metrics.metrics import Metrics
from app.settings import Settings
from app.web.preview_pages import Preview
from app.worker.grader_client import open_grader_client
from app.worker.worker import OpenGrader
from sandbox.interface import SandboxError

_log = logging.getLogger("jaxercise")


def run_service(
    settings: Settings, open_grader: OpenGrader | None = None, *, preview: Preview | None = None
) -> None:
    """Serve until SIGINT or SIGTERM, in a process of its own that is begun again where it is killed.

    `open_grader` takes the place of the real one. With a `preview` it is one for an author.

    Raises:
        GraderError: the port is taken, or the sandbox can't work here.
    """
    set_up_logs(settings, "web")
    open_files = raise_open_files()
    chosen_by = "--host and --port" if preview is None else "--port"
    with (
        listening(settings.host, settings.port, instead=chosen_by) as listener,
        _for_operators(settings) as operators,
    ):
        keep(lambda: _run(settings, listener, operators, open_files, open_grader, preview))


def _for_operators(settings: Settings) -> AbstractContextManager[socket.socket | None]:
    if settings.metrics_port is None:
        return nullcontext()
    host = settings.metrics_host or settings.host
    return listening(host, settings.metrics_port, instead="JAXERCISE_METRICS_HOST and JAXERCISE_METRICS_PORT")


def _run(
    settings: Settings,
    listener: socket.socket,
    operators: socket.socket | None,
    open_files: OpenFiles,
    open_grader: OpenGrader | None,
    preview: Preview | None,
) -> None:
    """Serve in this process, and grade in one beside it, which may have `open_files` open."""
    metrics = Metrics()
    if open_grader is None and settings.worker:
        # Before there is an event loop or a thread.
        control = fork_grader(settings, [listener, *([operators] if operators else [])], open_files)
        open_grader = lambda: open_grader_client(control, metrics.grading.stage)  # noqa: E731
    app = create_app(settings, open_grader=open_grader, metrics=metrics, preview=preview)
    says = _says if preview is None else preview.says
    asyncio.run(_serve(settings, listener, operators, app, says))


def _says(address: str) -> str:
    return f"Jaxercise is at {address}"


async def _serve(
    settings: Settings,
    listener: socket.socket,
    operators: socket.socket | None,
    app: FastAPI,
    says: Callable[[str], str],
) -> None:
    """Serve until a signal; `says` words the line that is printed with the address."""
    connections = connections_of(settings)
    server = Server(app, connections, trusted_proxies=settings.trusted_proxies)
    async with (
        answering(operators, settings, health_of(app), says="Metrics are at"),
        # The lifespan runs here and not under uvicorn, so that its errors are ours to tell in one line.
        app.router.lifespan_context(app),
    ):
        print(says(address_of(listener)), flush=True)
        services = services_of(app)
        if await services.accounts.is_empty():
            print("The first account to sign up is the admin.", flush=True)
        watch = asyncio.create_task(_stop_on_failure(services.grading_failure, server))
        freezing = asyncio.create_task(freeze_heap())
        await server.serve(sockets=[listener])
        freezing.cancel()
        if watch.done():
            raise watch.result()
        watch.cancel()


async def _stop_on_failure(
    grading_failure: Callable[[], Awaitable[Exception]] | None, server: uvicorn.Server
) -> GraderError:
    """Stop a service that should grade and can't, since it is of no use, and return why."""
    if grading_failure is None:
        await asyncio.Event().wait()
    assert grading_failure is not None
    failure = await grading_failure()
    server.should_exit = True
    return as_grader_error(failure)


def as_grader_error(failure: Exception) -> GraderError:
    """Return why a worker cannot go on, in one sentence; a bug's traceback goes into the log."""
    if isinstance(failure, GraderError):
        return failure
    if not isinstance(failure, SandboxError):
        _log.error("the worker broke", exc_info=failure)
    return GraderError(str(failure) or type(failure).__name__)
