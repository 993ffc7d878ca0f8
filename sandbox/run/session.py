"""A child that stays: trusted code, loaded once and called many times."""

import asyncio

import msgspec

from sandbox.interface import Call, CallResult, Loaded, Report, RunRequest, SandboxError
from sandbox.limits import Limits
from sandbox.protocol import Make
from sandbox.run.child import JailedChild
from sandbox.run.dialogue import load_order
from sandbox.run.loop_time import within
from sandbox.run.pipes import CapturedOutput
from sandbox.wire import BadFrame, FrameReader

_READ_BYTES = 1 << 20


class SessionEnded(SandboxError):
    """The child of a session has ended, or does not answer; another can be opened."""


class Session:
    """Only for code that is trusted: a call sees what earlier ones left behind."""

    def __init__(self, child: JailedChild, limits: Limits) -> None:
        self._child = child
        self._limits = limits
        self._reader = FrameReader(msgspec.msgpack.Decoder(Report), limit_bytes=1 << 62)
        self._turn = asyncio.Lock()
        self._made = 0

    async def load(self, request: RunRequest) -> Loaded:
        """Load the request's code; its calls only name the entry function.

        Raises:
            SessionEnded: the child ended meanwhile.
        """
        await self._child.send(load_order(request))
        report = await self._report()
        if not isinstance(report, Loaded):
            raise SessionEnded("a result out of turn")
        return report

    async def call(self, call: Call) -> CallResult:
        """Make one call, after those that others are waiting for.

        Raises:
            SessionEnded: the child ended, or did not answer within the limits' wall time.
        """
        async with self._turn:
            index, self._made = self._made, self._made + 1
            await self._child.send(Make(index=index, call=call))
            report = await self._report()
            if not isinstance(report, CallResult) or report.index != index:
                raise SessionEnded("a result out of turn")
            for output in self._child.outputs:
                output.read_available()
                output.start_anew()
            return report

    async def close(self) -> None:
        """End the child. A call that is under way ends first, in `SessionEnded`."""
        self._child.kill()
        # Its descriptors are watched until then; their numbers may be another child's right after.
        async with self._turn:
            await self._child.close()

    async def _report(self) -> Report:
        loop = asyncio.get_running_loop()
        for output in self._child.outputs:
            loop.add_reader(output.descriptor, self._read_output, output)
        try:
            async with within(self._limits.wall_seconds):
                while True:
                    data = await loop.sock_recv(self._child.channel, _READ_BYTES)
                    if not data:
                        raise SessionEnded("the child of a session has ended")
                    reports: list[Report] = list(self._reader.feed(data))
                    if reports:
                        return reports[0]
        except (TimeoutError, BadFrame, OSError) as error:
            raise SessionEnded(f"a session gives no answer: {error!r}") from error
        finally:
            for output in self._child.outputs:
                loop.remove_reader(output.descriptor)

    @staticmethod
    def _read_output(output: CapturedOutput) -> None:
        """Take what is printed meanwhile: who prints more than a pipe holds would wait for ever."""
        if not output.read_available():
            asyncio.get_running_loop().remove_reader(output.descriptor)
