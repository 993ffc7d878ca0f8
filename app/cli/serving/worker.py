"""Running a worker alone until it is stopped."""

import asyncio
import signal
import socket
from contextlib import AbstractContextManager, nullcontext

from app.api.operators import Health, Readiness
from app.bootstrap import open_services, real_grader, require_distributed, run_worker
from app.cli.serving.logs import set_up_logs
from app.cli.serving.probes import answering
from app.cli.serving.server import listening
from app.cli.serving.service import as_grader_error
from app.cli.serving.supervise import freeze_heap, keep
from app.metrics.loop_watch import watching_loop
from app.metrics.metrics import Metrics
from app.settings import Settings
from app.worker.worker import OpenGrader


def serve_worker(settings: Settings, open_grader: OpenGrader | None = None) -> None:
    """Grade until SIGINT or SIGTERM, then drain; answer probes on `worker_port`, if there is one.

    In a process of its own that is begun again where it is killed. `open_grader` takes the place of the
    real one.

    Raises:
        GraderError: the database is SQLite, cannot be reached at the start, the port is taken, or the
            sandbox can't work here.
    """
    require_distributed(settings, "`jaxercise worker`")
    set_up_logs(settings, "worker")
    with _port(settings) as listener:
        keep(lambda: asyncio.run(_work(settings, listener, open_grader)))


async def _work(settings: Settings, listener: socket.socket | None, open_grader: OpenGrader | None) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    metrics, readiness = Metrics(), Readiness()
    readiness.add("grading", _starting)
    async with (
        # From before the database is opened until after the drain.
        answering(
            listener, settings, Health(metrics=metrics, readiness=readiness), says="The worker answers at"
        ),
        open_services(settings) as shared,
        run_worker(settings, shared, open_grader or real_grader(settings, metrics), metrics) as worker,
        watching_loop(metrics.loop_held),
    ):
        metrics.queue.watch(shared.database)
        readiness.add("database", shared.database.ping)
        readiness.add("grading", worker.missing)
        print(f"The worker {settings.worker_name} grades {settings.slots} at a time", flush=True)
        failing = asyncio.create_task(worker.failure())
        stopping = asyncio.create_task(stop.wait())
        freezing = asyncio.create_task(freeze_heap())
        await asyncio.wait({failing, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        freezing.cancel()
        if failing.done():
            raise as_grader_error(failing.result())
        failing.cancel()
        readiness.add("grading", _draining)


def _port(settings: Settings) -> AbstractContextManager[socket.socket | None]:
    if settings.worker_port is None:
        return nullcontext()
    return listening(settings.host, settings.worker_port, instead="JAXERCISE_HOST and JAXERCISE_WORKER_PORT")


async def _starting() -> str:
    return "the database is being opened"


async def _draining() -> str:
    return "it is draining"
