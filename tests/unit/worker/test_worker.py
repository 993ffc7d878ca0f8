"""The worker inside the service: opening the grader takes its time, and may fail."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from app.core.service_status import WorkerState
from app.errors import GraderError
from app.queue.embedded.queue import EmbeddedQueue
from app.queue.interface import Ticket
from app.worker.grades import Grades
from app.worker.worker import OpenGrader, Worker
from tests.support.scripted_grader import ScriptedGrader
from tests.support.scripted_service import until

pytestmark = pytest.mark.anyio


async def _prepare_nothing(grader: Grades) -> None:
    """These tests have no problems."""


def worker_with(
    open_grader: OpenGrader, on_state: Callable[[WorkerState], None] = lambda state: None
) -> Worker:
    def grade_with(grader: Grades) -> Callable[[Ticket], Awaitable[None]]:
        async def grade(ticket: Ticket) -> None:
            await asyncio.sleep(0)

        return grade

    return Worker(
        EmbeddedQueue(),
        open_grader,
        grade_with,
        _prepare_nothing,
        slots=1,
        reserved_slots=0,
        drain_seconds=1,
        on_state=on_state,
    )


async def test_it_is_ready_once_the_grader_is_open_and_closes_it() -> None:
    opening, closed = asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def open_grader() -> AsyncIterator[Grades]:
        await opening.wait()
        yield ScriptedGrader()
        closed.set()

    states: list[WorkerState] = []
    worker = worker_with(open_grader, states.append)
    async with worker.running():
        assert await worker.missing() == "the sandbox is starting"
        opening.set()
        await until(lambda: worker._ready)
        assert await worker.missing() is None
        assert states == [WorkerState.GRADING]
    assert closed.is_set()
    assert states == [WorkerState.GRADING, WorkerState.DRAINING]


async def test_it_says_why_the_grader_could_not_be_opened() -> None:
    def open_grader() -> AbstractAsyncContextManager[Grades]:
        raise GraderError("no user namespaces here")

    worker = worker_with(open_grader)
    async with worker.running():
        assert str(await worker.failure()) == "no user namespaces here"
        assert await worker.missing() == "no user namespaces here"


async def test_a_stop_while_the_grader_opens_does_not_wait_for_it() -> None:
    @asynccontextmanager
    async def open_grader() -> AsyncIterator[Grades]:
        await asyncio.Event().wait()
        yield ScriptedGrader()

    async with asyncio.timeout(60):
        async with worker_with(open_grader).running():
            await asyncio.sleep(0.01)
