"""A worker, inside the service's own process or alone: opens the grader, then grades until it is stopped."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from app.core.service_status import WorkerState
from app.queue.interface import Queue
from app.worker.consume import Run, consuming
from app.worker.grades import Grades

OpenGrader = Callable[[], AbstractAsyncContextManager[Grades]]
Prepare = Callable[[Grades], Coroutine[None, None, None]]
GradeWith = Callable[[Grades], Run]

_log = logging.getLogger("jaxercise.worker")


class Worker:
    """Opening the grader takes seconds, so the service answers requests meanwhile."""

    def __init__(
        self,
        queue: Queue,
        open_grader: OpenGrader,
        grade_with: GradeWith,
        prepare: Prepare,
        *,
        slots: int,
        reserved_slots: int,
        drain_seconds: float,
        on_state: Callable[[WorkerState], None] = lambda state: None,
    ) -> None:
        self._queue = queue
        self._open_grader = open_grader
        self._grade_with = grade_with
        self._prepare = prepare
        self._slots = slots
        self._reserved_slots = reserved_slots
        self._drain_seconds = drain_seconds
        self._on_state = on_state
        self._stop = asyncio.Event()
        self._ready = False
        self._failure: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Work while the block lasts, then drain."""
        work = asyncio.create_task(self._work())
        try:
            yield
        finally:
            self._on_state(WorkerState.DRAINING)
            self._stop.set()
            if not self._ready:
                work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    async def missing(self) -> str | None:
        """Return why nothing is graded just now; None where it is."""
        if self._failure.done():
            return str(self._failure.result())
        return None if self._ready else "the sandbox is starting"

    async def failure(self) -> Exception:
        """Wait until the grader could not be opened or broke for good, and return why."""
        return await asyncio.shield(self._failure)

    async def _work(self) -> None:
        try:
            async with (
                self._open_grader() as grader,
                consuming(
                    self._queue,
                    self._grade_with(grader),
                    slots=self._slots,
                    reserved_slots=self._reserved_slots,
                    drain_seconds=self._drain_seconds,
                ),
            ):
                self._ready = True
                self._on_state(WorkerState.GRADING)
                _log.info("grading, %d at a time", self._slots)
                preparing = asyncio.create_task(self._prepare(grader))
                try:
                    await self._stop.wait()
                finally:
                    preparing.cancel()
                    await asyncio.gather(preparing, return_exceptions=True)
        except Exception as fault:
            self._failure.set_result(fault)
        finally:
            self._ready = False
