"""Children that were pre-warmed on a learner's own last code, and wait for that learner's next."""

import asyncio
import contextlib
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from sandbox.forkserver.process import ForkServerGone
from sandbox.interface import Prewarmed, Report, RunRequest, SandboxError
from sandbox.limits import Limits
from sandbox.protocol import Prewarm
from sandbox.run.child import JailedChild
from sandbox.run.dialogue import load_order
from sandbox.run.termination import NamedEnding
from sandbox.run.waiting import MayNotWait, Waiting, let_wait
from sandbox.run.watch import TimeKept, watch_limits
from sandbox.wire import BadFrame, FrameReader

_REPLY_BYTES = 4096
_IDLE_POLL_SECONDS = 0.05
_SETTLING_SECONDS = 0.1
"""Whose run has just ended gets its result first; a spawn holds this process up for some milliseconds."""
_LOOK_SECONDS = 1.0
"""How often it is seen to who has waited too long or does not stand still, and whether memory is short."""

_log = logging.getLogger("sandbox")

Spawn = Callable[[RunRequest, Limits], Awaitable[JailedChild]]


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """What a child is to be pre-warmed on."""

    key: str
    request: RunRequest
    limits: Limits


class WarmPool:
    """At most `capacity` waiting children, frozen, the least recently used one going first.

    They are made one at a time, and only while `is_busy` says that no run is under way. While
    `has_capacity` says that memory is short none is made, and those that wait go. One that has ended or
    does not stand still goes within a second or so, and is neither listed nor taken meanwhile.
    """

    def __init__(
        self,
        spawn: Spawn,
        is_busy: Callable[[], bool],
        has_capacity: Callable[[], bool],
        *,
        capacity: int,
        keep_seconds: float = 900.0,
    ) -> None:
        self._spawn = spawn
        self._is_busy = is_busy
        self._has_capacity = has_capacity
        self._capacity = capacity
        self._keep_seconds = keep_seconds
        self._planned: OrderedDict[str, Planned] = OrderedDict()
        self._waiting: OrderedDict[str, Waiting] = OrderedDict()
        self._wake = asyncio.Event()
        self._director: asyncio.Task[None] | None = None

    @property
    def pids(self) -> list[int]:
        """The waiting children's process ids on the host."""
        return [waiting.child.pid for waiting in self._waiting.values() if waiting.is_ready]

    def waits_for(self, key: str) -> bool:
        """Say whether a child was pre-warmed for `key`."""
        waiting = self._waiting.get(key)
        return waiting is not None and waiting.is_ready

    def plan(self, planned: Planned) -> None:
        """Replace what was planned or waits for the same key."""
        if self._capacity == 0:
            return
        self._planned.pop(planned.key, None)
        self._planned[planned.key] = planned
        while len(self._planned) > self._capacity:
            self._planned.popitem(last=False)
        self._wake.set()
        if self._director is None:
            self._director = asyncio.create_task(self._direct())

    def take(self, key: str) -> JailedChild | None:
        """Take the waiting child for `key` and let it go on; it is the caller's to close from now on."""
        self._planned.pop(key, None)
        waiting = self._waiting.get(key)
        if waiting is None or not waiting.is_ready:
            return None  # What does not stand still is closed by the next look.
        del self._waiting[key]
        waiting.child.thaw()
        return waiting.child

    async def close(self) -> None:
        """End them all."""
        if self._director is not None:
            self._director.cancel()
            await asyncio.gather(self._director, return_exceptions=True)
            self._director = None
        self._planned.clear()
        await self._dismiss(list(self._waiting))

    async def _direct(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._wake.wait()
            self._wake.clear()
            await asyncio.sleep(_SETTLING_SECONDS)
            await self._look()
            await self._free_space()
            while self._planned and self._has_capacity():
                while self._is_busy():  # noqa: ASYNC110 - runs come and go; nobody waits for a jail to be warm
                    await asyncio.sleep(_IDLE_POLL_SECONDS)
                if self._planned:
                    await self._prewarm(self._planned.popitem(last=False)[1])

    async def _look(self) -> None:
        """See to who has waited too long, or does anything but wait."""
        oldest = time.monotonic() - self._keep_seconds
        for key, waiting in list(self._waiting.items()):
            reason = "" if waiting.since < oldest else await waiting.why_not()
            if reason:
                _log.warning("a waiting jail is ended: %s", reason)
            # It may have been taken, and another one wait in its place, while it was looked at.
            if (reason or waiting.since < oldest) and self._waiting.get(key) is waiting:
                await self._dismiss([key])

    async def _free_space(self) -> None:
        while self._waiting and not self._has_capacity():
            await self._dismiss(list(self._waiting)[:1])

    async def _prewarm(self, planned: Planned) -> None:
        await self._dismiss([planned.key])
        too_many = max(0, len(self._waiting) - self._capacity + 1)
        await self._dismiss(list(self._waiting)[:too_many])
        try:
            child = await self._spawn(planned.request, planned.limits)
        except (ForkServerGone, SandboxError) as error:
            _log.warning("a jail could not be pre-warmed: %s", error)
            return
        try:
            await _prewarm_within_limits(child, planned)
            waiting = await let_wait(child, planned.limits)
        except MayNotWait as refusal:
            _log.info("a jail is not kept waiting: %s", refusal)
            await child.close()
        except (BadFrame, OSError):
            await child.close()  # Nobody will run again what does not run through.
        except BaseException:
            await child.close()
            raise
        else:
            for output in child.outputs:
                output.read_available()
                output.start_anew()
            self._waiting[planned.key] = waiting

    async def _dismiss(self, keys: list[str]) -> None:
        for key in keys:
            waiting = self._waiting.pop(key, None)
            if waiting is not None:
                await waiting.child.close()


async def _prewarm_within_limits(child: JailedChild, planned: Planned) -> None:
    """Have the child pre-warmed, under the same watch as a run.

    Raises:
        MayNotWait: it has met a limit, or the machine is too busy for it.
        BadFrame: it ended, or says something else.
    """
    loop = asyncio.get_running_loop()
    met: asyncio.Future[NamedEnding] = loop.create_future()

    async def end_at_limit(ending: NamedEnding) -> None:
        if not met.done():
            met.set_result(ending)

    warming = asyncio.ensure_future(_prewarm(child, planned))
    watches = watch_limits(
        child,
        planned.limits,
        has_finished=warming.done,
        has_waited_for_us=lambda: False,
        end_at_limit=end_at_limit,
        kept=TimeKept(),
    )
    try:
        ends: list[asyncio.Future[Any]] = [warming, met, *watches]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if warming.done():
            return warming.result()
        if met.done():
            raise MayNotWait(met.result().message)
        raise MayNotWait("the machine is too busy")
    finally:
        tasks = [warming, *watches]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _prewarm(child: JailedChild, planned: Planned) -> None:
    await child.send(Prewarm(load=load_order(planned.request), calls=planned.request.calls))
    await _prewarmed(child)


async def _prewarmed(child: JailedChild) -> None:
    """Wait for the one frame that may come.

    Raises:
        BadFrame: anything else came, or the child ended.
    """
    reader = FrameReader(msgspec.msgpack.Decoder(Report), limit_bytes=_REPLY_BYTES)
    while True:
        data = await asyncio.get_running_loop().sock_recv(child.channel, _REPLY_BYTES)
        if not data:
            raise BadFrame("the child ended")
        for report in reader.feed(data):
            if not isinstance(report, Prewarmed):
                raise BadFrame("a result out of turn")
            return
