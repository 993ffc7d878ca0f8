"""One request, put to one child: order by order, under the clock, to a named ending."""

import asyncio
import time
from collections.abc import Callable

import msgspec

from sandbox.forkserver.process import ChildGone
from sandbox.forkserver.protocol import Ended
from sandbox.interface import (
    CallResult,
    Ending,
    Finished,
    Loaded,
    Report,
    RunRequest,
    RunResult,
    SandboxError,
)
from sandbox.limits import Limits
from sandbox.procfs.memory import tree_memory_exceeded
from sandbox.run.child import JailedChild
from sandbox.run.output import CapturedOutput
from sandbox.run.protocol import ChildOrder, Load, Make, Stop
from sandbox.run.sanitize_report import plausible
from sandbox.run.termination import (
    NamedEnding,
    Seen,
    forged,
    is_killed_from_outside,
    name_ending,
    out_of_memory,
    out_of_output,
    out_of_patience,
    out_of_processor_time,
    out_of_wall_time,
)
from sandbox.run.watch import cpu_exceeded, idle_for
from sandbox.wire import BadFrame, FrameReader

_KILL_SECONDS = 20.0
_READ_BYTES = 1 << 20


class ChildKilled(ChildGone):
    """Somebody on the host killed the child; `result` is what the run had given until then."""

    def __init__(self, result: RunResult) -> None:
        super().__init__(result.message)
        self.result = result


class SingleRun:
    """Used once, on a child that has not been asked for a result before."""

    def __init__(
        self, child: JailedChild, request: RunRequest, limits: Limits, on_report: Callable[[Report], None]
    ) -> None:
        self._child = child
        self._request = request
        self._limits = limits
        self._on_report = on_report
        self._reader = FrameReader(msgspec.msgpack.Decoder(Report), limit_bytes=limits.reply_bytes)
        self._orders: asyncio.Queue[ChildOrder] = asyncio.Queue()
        self._loaded: Loaded | None = None
        self._calls: list[CallResult] = []
        self._ordered = time.monotonic()
        """When the child was told what it is at."""
        self._finished: Finished | None = None
        self._last_word = asyncio.Event()
        self._early: NamedEnding | None = None

    async def finish(self) -> RunResult:
        """Put the request, and stay until the child has said its last word or has ended.

        Raises:
            ChildKilled: somebody else killed the child.
            ForkServerGone: the fork server died, and the child with it.
            SandboxError: the child would not end.
        """
        loop = asyncio.get_running_loop()
        start = time.monotonic()
        ended = asyncio.ensure_future(self._child.ended())
        finished = asyncio.ensure_future(self._last_word.wait())
        tasks = [finished, *(asyncio.ensure_future(step) for step in (self._send_orders(), *self._watches()))]
        self._orders.put_nowait(load_order(self._request))
        loop.add_reader(self._child.channel, self._read_channel)
        for output in self._child.outputs:
            loop.add_reader(output.descriptor, self._read_output, output)
        try:
            await asyncio.wait(
                [ended, finished],
                timeout=self._limits.wall_seconds,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if self._finished is not None:
                wall_seconds = time.monotonic() - start
                last_look = self._child.as_if_ended()
                self._child.kill()
                self._drain()
                return self._result(last_look, wall_seconds)
            if not ended.done():
                await self._end_at_limit(out_of_wall_time(self._limits))
                await asyncio.wait([ended], timeout=_KILL_SECONDS)
            wall_seconds = time.monotonic() - start
            self._drain()
            if not ended.done():
                raise SandboxError("a run did not end after it was killed")
            result = self._result(ended.result(), wall_seconds)
            if result.ending is Ending.CRASHED and is_killed_from_outside(ended.result()):
                raise ChildKilled(result)
            return result
        finally:
            for task in (ended, *tasks):
                task.cancel()
            # Until they have ended they may watch a descriptor whose number the next run is given.
            await asyncio.gather(ended, *tasks, return_exceptions=True)
            loop.remove_reader(self._child.channel)
            for output in self._child.outputs:
                loop.remove_reader(output.descriptor)

    async def _send_orders(self) -> None:
        while True:
            await self._child.send(await self._orders.get())

    def _watches(self) -> list["asyncio.Future[None]"]:
        child, limits = self._child, self._limits
        used_before = child.cpu_seconds()  # By what it pre-warmed.

        async def idleness() -> None:
            await idle_for(child.cpu_seconds, limits.idle_seconds, lambda: self._finished is not None)
            await self._end_at_limit(out_of_patience(limits))

        async def processor_time() -> None:
            await cpu_exceeded(child.cpu_seconds, used_before + limits.cpu_seconds)
            await self._end_at_limit(out_of_processor_time(limits))

        async def memory() -> None:
            if child.group is not None:
                await child.group.memory_exceeded()
            else:
                await tree_memory_exceeded(child.pid, limits.memory_bytes)
            await self._end_at_limit(out_of_memory(limits))

        return [asyncio.ensure_future(watch()) for watch in (idleness, processor_time, memory)]

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
            self._end_early(forged(str(error)))
            asyncio.get_running_loop().remove_reader(self._child.channel)

    def _take(self, report: Report) -> None:
        if self._finished is not None or self._early is not None:
            return
        match report:
            case Loaded() if self._loaded is None:
                self._loaded = report
            case CallResult() if self._awaits_call(report.index):
                report = plausible(
                    report,
                    self._request.code,
                    elapsed_seconds=time.monotonic() - self._ordered,
                    is_hidden=self._request.calls[report.index].is_hidden,
                )
                self._calls.append(report)
            case Finished() if self._is_complete():
                self._finished = report
                self._last_word.set()
            case _:
                raise BadFrame("a result out of turn")
        if self._finished is None:
            self._order_next()  # First: the child need not wait while its last report is looked at.
        self._on_report(report)

    def _awaits_call(self, index: int) -> bool:
        return self._loaded is not None and not self._is_complete() and index == len(self._calls)

    def _is_complete(self) -> bool:
        """Whether nothing more is asked of the child."""
        if self._loaded is None:
            return False
        return self._loaded.refusal is not None or len(self._calls) == len(self._request.calls)

    def _order_next(self) -> None:
        if self._is_complete():
            self._orders.put_nowait(Stop())
            return
        index = len(self._calls)
        call = self._request.calls[index]
        if call.is_hidden:
            # The child has flushed before its last report, so what earlier calls printed is all here.
            for output in self._child.outputs:
                self._read_output(output)
                output.stop_keeping()
        self._ordered = time.monotonic()
        self._orders.put_nowait(Make(index=index, call=call))

    def _read_output(self, output: CapturedOutput) -> None:
        if not output.read_available():
            asyncio.get_running_loop().remove_reader(output.descriptor)
        if output.overflowed:
            self._end_early(out_of_output(self._limits))

    def _drain(self) -> None:
        """What was written before the end may still lie in the buffers."""
        for output in self._child.outputs:
            self._read_output(output)
        for _ in range(self._limits.reply_bytes // _READ_BYTES + 2):
            self._read_channel()

    async def _end_at_limit(self, ending: NamedEnding) -> None:
        """What comes from the run from here on is not taken, but it may still tell where it is."""
        if self._early is None and self._finished is None:
            self._early = ending
            await self._child.ask_place()
        self._child.kill()

    def _end_early(self, ending: NamedEnding) -> None:
        if self._early is None and self._finished is None:
            self._early = ending
        self._child.kill()

    def _result(self, ended: Ended, wall_seconds: float) -> RunResult:
        group = self._child.group
        cpu_seconds = max(ended.cpu_seconds, self._child.cpu_seconds())
        seen = Seen(
            is_finished=self._finished is not None,
            early=self._early,
            line=self._child.place.line(self._request.code),
            memory_was_hit=group is not None and group.memory_was_hit,
            processes_were_refused=group is not None and group.processes_were_refused,
            cpu_seconds=cpu_seconds,
        )
        named = name_ending(ended, self._limits, seen)
        peak = group.peak_memory_bytes if group is not None else None
        return RunResult(
            ending=named.ending,
            message=named.message,
            line=named.line,
            loaded=self._loaded,
            calls=tuple(self._calls),
            stdout=self._child.outputs[0].text,
            stderr=self._child.outputs[1].text,
            wall_seconds=wall_seconds,
            cpu_seconds=cpu_seconds,
            peak_memory_bytes=ended.peak_memory_bytes if peak is None else peak,
        )


def load_order(request: RunRequest) -> Load:
    """The first order of a request."""
    return Load(
        code=request.code,
        more_code=request.more_code,
        function=request.calls[0].function if request.calls else "",
        parameters=request.parameters,
        outputs=request.outputs,
        forbidden=request.forbidden,
        cache_key=request.cache_key,
    )
