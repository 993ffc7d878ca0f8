"""One request, put to one child: order by order, under the clock, to a named ending."""

import asyncio
import select
import time
from collections.abc import Callable
from typing import Any

import msgspec

from sandbox.forkserver.process import ChildGone
from sandbox.interface import Ending, Report, RunRequest, RunResult, SandboxError, Traced
from sandbox.limits import Limits
from sandbox.protocol import ChildOrder, Ended, Make, Trace
from sandbox.run.child import JailedChild
from sandbox.run.dialogue import Dialogue, load_order
from sandbox.run.loop_time import wait_within
from sandbox.run.pipes import CapturedOutput
from sandbox.run.termination import (
    NamedEnding,
    Seen,
    forged,
    is_killed_from_outside,
    name_ending,
    out_of_output,
)
from sandbox.run.watch import TimeKept, watch_limits
from sandbox.wire import BadFrame, FrameReader

_KILL_SECONDS = 20.0
_PAUSE_SECONDS = 0.005
_READ_BYTES = 1 << 20


class ChildKilled(ChildGone):
    """Somebody on the host killed the child; `result` is what the run had given until then."""

    def __init__(self, result: RunResult) -> None:
        super().__init__(result.message)
        self.result = result


class SingleRun:
    """A run of one request; used once, on a child that has not been asked for a result before."""

    def __init__(
        self, child: JailedChild, request: RunRequest, limits: Limits, on_report: Callable[[Report], None]
    ) -> None:
        self._child = child
        self._request = request
        child.page.forget_use()
        self._dialogue = Dialogue(request, lambda: child.page.forbidden_use(request.forbidden))
        self._limits = limits
        self._on_report = on_report
        self._reader = FrameReader(msgspec.msgpack.Decoder(Report), limit_bytes=limits.reply_bytes)
        self._orders: asyncio.Queue[ChildOrder] = asyncio.Queue()
        self._last_word = asyncio.Event()
        self._early: NamedEnding | None = None
        self._time = TimeKept()
        self._has_reported = False
        """Since the last look at its time."""
        self._later: dict[int, asyncio.TimerHandle] = {}

    async def finish(self) -> RunResult:
        """Put the request, and stay until the child has said its last word or has ended.

        Raises:
            ChildKilled: somebody else killed the child.
            Starved: the machine was too busy for it.
            ForkServerGone: the fork server died, and the child with it.
            SandboxError: the child would not end.
        """
        loop = asyncio.get_running_loop()
        start = time.monotonic()
        ended = asyncio.ensure_future(self._child.ended())
        finished = asyncio.ensure_future(self._last_word.wait())
        watches = watch_limits(
            self._child,
            self._limits,
            has_finished=self._has_finished,
            has_waited_for_us=self._has_waited_for_us,
            end_at_limit=self._end_at_limit,
            kept=self._time,
        )
        sending = asyncio.ensure_future(self._send_orders())
        self._orders.put_nowait(load_order(self._request))
        loop.add_reader(self._child.channel, self._read_channel)
        for output in self._child.outputs:
            loop.add_reader(output.descriptor, self._read_output, output)
        try:
            await _first_of([ended, finished], watches)
            if self._has_finished():
                wall_seconds = time.monotonic() - start
                last_look = self._child.as_if_ended()
                self._child.kill()
                self._drain()
                return self._result(last_look, wall_seconds)
            if not ended.done():  # A limit was met, and it was killed.
                await wait_within([ended], _KILL_SECONDS)
            wall_seconds = time.monotonic() - start
            self._drain()
            if not ended.done():
                raise SandboxError("a run did not end after it was killed")
            result = self._result(ended.result(), wall_seconds)
            if result.ending is Ending.CRASHED and is_killed_from_outside(ended.result()):
                raise ChildKilled(result)
            return result
        finally:
            tasks: list[asyncio.Future[Any]] = [ended, finished, sending, *watches]
            for task in tasks:
                task.cancel()
            # Until they have ended they may watch a descriptor whose number the next run is given.
            await asyncio.gather(*tasks, return_exceptions=True)
            loop.remove_reader(self._child.channel)
            for output in self._child.outputs:
                loop.remove_reader(output.descriptor)
            for timer in self._later.values():
                timer.cancel()

    async def _send_orders(self) -> None:
        while True:
            await self._child.send(await self._orders.get())

    def _has_finished(self) -> bool:
        return self._dialogue.finished is not None

    def _has_waited_for_us(self) -> bool:
        """Say whether it may have waited for us since this was last asked: who reports waits for an order."""
        waited, self._has_reported = self._has_reported, False
        unread = select.poll()
        unread.register(self._child.channel, select.POLLIN)
        return waited or not self._orders.empty() or bool(unread.poll(0))

    def _read_channel(self) -> None:
        try:
            data = self._child.channel.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(self._child.channel)
            return
        try:
            for report in self._reader.feed(data):
                self._take(report)
        except BadFrame as error:
            # What does not decode may be quoted there.
            self._end_early(forged("" if self._dialogue.has_hidden_calls else str(error)))
            asyncio.get_running_loop().remove_reader(self._child.channel)

    def _take(self, report: Report) -> None:
        if self._has_finished() or self._early is not None:
            return
        self._has_reported = True
        report = self._dialogue.take(report)
        if self._has_finished():
            self._last_word.set()
        else:
            self._order_next()  # First: the child need not wait while its last report is looked at.
        if not isinstance(report, Traced):
            self._on_report(report)

    def _order_next(self) -> None:
        order = self._dialogue.next_order()
        if isinstance(order, Make | Trace) and self._request.calls[order.index].is_hidden:
            # The child has flushed before its last report, so what earlier calls printed is all here.
            for output in self._child.outputs:
                self._read_output(output)
                output.stop_capturing()
        self._orders.put_nowait(order)

    def _read_output(self, output: CapturedOutput) -> None:
        loop = asyncio.get_running_loop()
        if not output.read_available():
            loop.remove_reader(output.descriptor)
        elif not output.keeps_more:
            self._read_later(output)
        if output.overflowed:
            self._end_early(out_of_output(self._limits))

    def _read_later(self, output: CapturedOutput) -> None:
        """Let what is thrown away come in large pieces: each look is work that others wait for."""
        loop, descriptor = asyncio.get_running_loop(), output.descriptor
        loop.remove_reader(descriptor)
        if descriptor in self._later:
            self._later[descriptor].cancel()
        again = loop.call_later(_PAUSE_SECONDS, loop.add_reader, descriptor, self._read_output, output)
        self._later[descriptor] = again

    def _drain(self) -> None:
        """Read what was written before the end and may still lie in the buffers."""
        for output in self._child.outputs:
            self._read_output(output)
        for _ in range(self._limits.reply_bytes // _READ_BYTES + 2):
            self._read_channel()

    async def _end_at_limit(self, ending: NamedEnding) -> None:
        """Take no report from here on, but ask the run at which line it is, and kill it."""
        if self._early is None and not self._has_finished():
            self._early = ending
            await self._child.ask_line()
        self._child.kill()

    def _end_early(self, ending: NamedEnding) -> None:
        if self._early is None and not self._has_finished():
            self._early = ending
        self._child.kill()

    def _result(self, ended: Ended, wall_seconds: float) -> RunResult:
        group = self._child.group
        cpu_seconds = max(ended.cpu_seconds, self._child.cpu_seconds())
        line = self._child.line_probe.line(self._request.code)
        has_hidden_calls = self._dialogue.has_hidden_calls
        seen = Seen(
            is_finished=self._has_finished(),
            early=self._early,
            line=self._dialogue.places.of(line) if line and has_hidden_calls else line,
            memory_was_hit=group is not None and group.memory_was_hit,
            processes_were_refused=group is not None and group.processes_were_refused,
            cpu_seconds=cpu_seconds,
            has_hidden_calls=has_hidden_calls,
        )
        named = name_ending(ended, self._limits, seen)
        peak = group.peak_memory_bytes if group is not None else None
        return RunResult(
            ending=named.ending,
            message=named.message,
            line=named.line,
            loaded=self._dialogue.loaded,
            calls=tuple(self._dialogue.calls),
            stdout=self._child.outputs[0].text,
            stderr=self._child.outputs[1].text,
            wall_seconds=wall_seconds,
            cpu_seconds=cpu_seconds,
            peak_memory_bytes=ended.peak_memory_bytes if peak is None else peak,
            compile_seconds=self._child.compile_seconds(),
            starved_seconds=self._time.starved_seconds,
        )


async def _first_of(ends: "list[asyncio.Future[Any]]", watches: "list[asyncio.Future[None]]") -> None:
    """Wait until one of `ends` has come, or a watch has ended the run.

    Raises whatever that watch raises.
    """
    await asyncio.wait([*ends, *watches], return_when=asyncio.FIRST_COMPLETED)
    if not any(end.done() for end in ends):
        for watch in watches:
            if watch.done():
                watch.result()
