"""A worker's place in the list of those who grade, kept up to date while it lives."""

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from app.core.service_status import WorkerState
from app.queue.interface import Ticket
from app.store.engine.database import Connection, Database, is_sqlite
from app.store.queries import workers
from app.worker.consume import Run

_FAREWELL_SECONDS = 3.0
_TIDY_SECONDS = 3600.0
_MESSAGE_LENGTH = 1000

_log = logging.getLogger("jaxercise.worker")


class Registration:
    """Set `state`, `message`, `environment` and `versions` when they change, and `running` with each run.

    A state and an environment are told at once, all else with the next beat. Nothing here ever holds up
    grading: a database that is away is logged once and tried again.
    """

    def __init__(self, database: Database, name: str, slots: int, beat_seconds: float = 2.0) -> None:
        self.id = uuid4().hex
        self.name = name
        self.slots = slots
        self.running = 0
        """How many submissions are under way."""
        self._database = database
        self._host = socket.gethostname()[:255]
        self._beat_seconds = beat_seconds
        self._state = WorkerState.STARTING
        self._message = ""
        self._environment: dict[str, str] = {}
        self._read_environment: Callable[[], Mapping[str, str]] = lambda: self._environment
        self._versions: tuple[str, ...] = ()
        self._changed = asyncio.Event()
        self._is_written = False
        self._is_away = False
        self._tidied_at: float | None = None

    @property
    def state(self) -> WorkerState:
        return self._state

    @state.setter
    def state(self, state: WorkerState) -> None:
        self._state = state
        self._changed.set()

    @property
    def message(self) -> str:
        return self._message

    @message.setter
    def message(self, message: str) -> None:
        """Told with the next beat."""
        # PostgreSQL takes no NUL.
        self._message = message.replace("\0", "")[:_MESSAGE_LENGTH]

    @property
    def environment(self) -> Mapping[str, str]:
        return self._environment

    @environment.setter
    def environment(self, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)
        self._is_written = False
        self._changed.set()

    def follow_environment(self, read: Callable[[], Mapping[str, str]]) -> None:
        """Tell the environment now, and again whenever `read` gives another one."""
        self.environment = read()
        self._read_environment = read

    @property
    def versions(self) -> tuple[str, ...]:
        return self._versions

    @versions.setter
    def versions(self, versions: tuple[str, ...]) -> None:
        """Told with the next beat: they grow one by one, and there may be thousands."""
        self._versions = tuple(versions)
        self._is_written = False

    def counting(self, run: Run) -> Run:
        """Return `run` with what is under way counted in `running`."""

        async def counted(ticket: Ticket) -> None:
            self.running += 1
            try:
                await run(ticket)
            finally:
                self.running -= 1

        return counted

    @asynccontextmanager
    async def listed(self) -> AsyncIterator[None]:
        """List the worker while the block lasts: there before it begins, and gone after its end."""
        await self._try(self._beat)
        beating = asyncio.create_task(self._beat_for_ever())
        try:
            yield
        finally:
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)
            await self._try(self._leave)

    async def _beat_for_ever(self) -> None:
        while True:
            try:
                async with asyncio.timeout(self._beat_seconds):
                    await self._changed.wait()
            except TimeoutError:
                pass
            await self._try(self._beat)
            if self._is_away:
                # A change that could not be told must not make a loop without a pause.
                await asyncio.sleep(self._beat_seconds)

    async def _beat(self) -> None:
        self._changed.clear()
        if (environment := dict(self._read_environment())) != self._environment:
            self._environment, self._is_written = environment, False
        whole, self._is_written = not self._is_written, True
        try:
            async with self._database.transaction() as connection:
                await self._tidy(connection)
                if whole or not await workers.beat(
                    connection, self.id, state=self._state, running=self.running, message=self._message
                ):
                    await workers.put_worker(connection, self._row())
        except BaseException:
            self._is_written = False
            raise

    async def _leave(self) -> None:
        async with asyncio.timeout(_FAREWELL_SECONDS), self._database.transaction() as connection:
            await workers.remove_worker(connection, self.id)

    async def _tidy(self, connection: Connection) -> None:
        now = asyncio.get_running_loop().time()
        if self._tidied_at is not None and now - self._tidied_at < _TIDY_SECONDS:
            return
        if is_sqlite(self._database.url):
            await workers.forget_other_workers(connection, self.id)
        else:
            await workers.forget_gone_workers(connection, name=self.name, host=self._host)
        self._tidied_at = now

    def _row(self) -> workers.WorkerRow:
        return workers.WorkerRow(
            id=self.id,
            name=self.name,
            host=self._host,
            pid=os.getpid(),
            slots=self.slots,
            state=self._state,
            running=self.running,
            message=self._message,
            environment=self._environment,
            versions=self._versions,
        )

    async def _try(self, step: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            await step()
        except Exception as fault:
            if not self._is_away:
                _log.warning(
                    "this worker cannot be listed while the database is away (%s); it goes on trying",
                    type(fault).__name__,
                )
            self._is_away = True
        else:
            if self._is_away:
                _log.info("the database is back, and this worker is listed again")
            self._is_away = False
