"""Running a worker alone until it is stopped."""

import asyncio
import signal

from app.cli.logs import set_up_logs
from app.cli.service import as_grader_error
from app.opening import make_worker, opened, real_grader, require_distributed
from app.settings import Settings


def run_worker(settings: Settings) -> None:
    """Grades until SIGINT or SIGTERM, then drains.

    Raises:
        GraderError: the database is SQLite, cannot be reached at the start, or the sandbox can't work here.
    """
    require_distributed(settings, "`jaxercise worker`")
    set_up_logs(settings, "worker")
    asyncio.run(_work(settings))


async def _work(settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with opened(settings) as shared:
        worker = await make_worker(settings, shared, real_grader(settings), count=lambda verdict: None)
        async with worker.running():
            print(f"The worker {settings.worker_name} grades {settings.slots} at a time", flush=True)
            failing = asyncio.create_task(worker.failure())
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait({failing, stopping}, return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            if failing.done():
                raise as_grader_error(failing.result())
            failing.cancel()
