"""Hands out a living fork server, and keeps a spare one, because importing JAX anew takes seconds."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable

from sandbox.forkserver.process import ChildGone, ForkServerGone, ForkServerPlan, ForkServerProcess
from sandbox.interface import SandboxError

_LOOK_SECONDS = 0.25
_IDLE_SECONDS = 2.0
_PATIENCE_SECONDS = 60.0
_AFTER_A_FAILURE_SECONDS = 60.0
_SETTLE_SECONDS = 0.1

_log = logging.getLogger("sandbox")


class ForkServerPool:
    """One fork server serves. With `standby` another waits, ready, for its death.

    The spare is started once the first is ready and `is_busy` has been False for a while, so that it
    slows down neither the start nor a run; where there is always something to do, after a minute.
    """

    def __init__(self, plan: ForkServerPlan, is_busy: Callable[[], bool], *, standby: bool) -> None:
        self._plan = plan
        self._is_busy = is_busy
        self._standby = standby
        self._serving: asyncio.Task[ForkServerProcess] | None = None
        self._spare: asyncio.Task[ForkServerProcess] | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._idle_since = self._missing_since = 0.0

    @property
    def has_spare(self) -> bool:
        """Whether a fork server is ready to take over."""
        spare = _result(self._spare)
        return spare is not None and _is_well(spare)

    @property
    def pids(self) -> list[int]:
        """The host's process ids of the fork servers that are ready, for those who count or kill them."""
        ready = (_result(self._serving), _result(self._spare))
        return [fork_server.pid for fork_server in ready if fork_server is not None]

    async def living(self) -> ForkServerProcess:
        """Return the fork server that serves; the spare one, or a new one, where that has died.

        Raises:
            SandboxUnavailable: it cannot be started here.
        """
        while True:
            if self._serving is None:
                self._serving = self._take_spare() or asyncio.create_task(self._plan.start())
            serving = self._serving
            try:
                # Who stops waiting does not stop the start: others may wait for it too.
                fork_server = await asyncio.shield(serving)
            except Exception:
                if self._serving is serving:
                    self._serving = None
                raise
            if _is_well(fork_server):
                if self._standby and self._keeper is None:
                    self._idle_since = self._missing_since = time.monotonic()
                    self._keeper = asyncio.create_task(self._keep())
                return fork_server
            await self.discard(fork_server)

    async def give_up(self, fork_server: ForkServerProcess, loss: ForkServerGone) -> None:
        """Replace `fork_server` after a loss in it, unless it only lost that child and is well."""
        if isinstance(loss, ChildGone):
            # A child that dies with its fork server may die a moment before it.
            await asyncio.sleep(_SETTLE_SECONDS)
            if _is_well(fork_server):
                return
        await self.discard(fork_server)

    async def discard(self, fork_server: ForkServerProcess) -> None:
        """End it and all its children; the next one to ask is given another."""
        if _result(self._serving) is fork_server:
            self._serving = None
        await fork_server.stop()

    async def stop(self) -> None:
        """End them all."""
        keeper, self._keeper = self._keeper, None
        starts = [task for task in (self._serving, self._spare) if task is not None]
        self._serving = self._spare = None
        for task in (keeper, *starts):
            if task is not None and not task.done():
                task.cancel()
        if keeper is not None:
            await asyncio.gather(keeper, return_exceptions=True)
        for started in await asyncio.gather(*starts, return_exceptions=True):
            if isinstance(started, ForkServerProcess):
                await started.stop()

    def _take_spare(self) -> "asyncio.Task[ForkServerProcess] | None":
        """Take the spare, ready or still starting; None where it has failed or died."""
        spare = self._spare
        if spare is None or (spare.done() and not self.has_spare):
            return None
        self._spare = None
        return spare

    async def _keep(self) -> None:
        """Replace what has died while nobody asks, and start the spare when there is time."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            serving = _result(self._serving)
            if serving is not None and not _is_well(serving):
                words = serving.last_words()
                _log.warning(
                    "a fork server has died or hangs, and is replaced: %s", words or "it gave no reason"
                )
                await self.discard(serving)
                with contextlib.suppress(SandboxError, OSError):  # Who asks next gets the error.
                    await self.living()
            if self._spare is not None and self._spare.done() and not self.has_spare:
                await self._bury_spare(self._spare)
            if self._has_time() and self._spare is None:
                self._spare = asyncio.create_task(self._plan.start())

    def _has_time(self) -> bool:
        now = time.monotonic()
        if self._is_busy():
            self._idle_since = max(self._idle_since, now)
        if self._spare is not None:
            self._missing_since = max(self._missing_since, now)
        return now - self._idle_since >= _IDLE_SECONDS or now - self._missing_since >= _PATIENCE_SECONDS

    async def _bury_spare(self, spare: "asyncio.Task[ForkServerProcess]") -> None:
        self._spare = None
        dead = _result(spare)
        if dead is not None:
            await dead.stop()
        else:
            _log.warning("a spare fork server could not start: %s", spare.exception())
            self._idle_since = self._missing_since = time.monotonic() + _AFTER_A_FAILURE_SECONDS


def _result(starting: "asyncio.Task[ForkServerProcess] | None") -> ForkServerProcess | None:
    if starting is None or not starting.done() or starting.cancelled() or starting.exception() is not None:
        return None
    return starting.result()


def _is_well(fork_server: ForkServerProcess) -> bool:
    return fork_server.is_alive and not fork_server.is_stopped
