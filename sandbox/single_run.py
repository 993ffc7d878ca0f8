"""One run seen from outside: its descriptors, its clock, its memory, and how it ended."""

import asyncio
import contextlib
import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from sandbox.captured_output import CapturedOutput
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
from sandbox.memory_groups import MemoryGroup, MemoryGroups
from sandbox.nursery_orders import Confinement, Ended, Failed, Started, Status
from sandbox.nursery_process import NurseryGone, NurseryProcess
from sandbox.run_watch import idle_for, memory_exceeded
from sandbox.wire import HEADER_BYTES, BadFrame, FrameReader, frame

_SPAWN_SECONDS = 20.0
_LINGER_SECONDS = 1.0
_SIGNALS_OF_A_CRASH = {4: "SIGILL", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE", 11: "SIGSEGV"}


class SingleRun:
    """Used once: `start`, then `finish`, then `close`."""

    def __init__(
        self, limits: Limits, groups: MemoryGroups | None, on_report: Callable[[Report], None]
    ) -> None:
        self._limits = limits
        self._groups = groups
        self._group: MemoryGroup | None = None
        self._on_report = on_report
        self._reader = FrameReader(msgspec.msgpack.Decoder(Report), limit_bytes=limits.reply_bytes)
        self._loaded: Loaded | None = None
        self._calls: list[CallResult] = []
        self._finished: Finished | None = None
        self._ending: Ending | None = None
        self._message = ""
        self._pidfd = -1
        self._pid = 0
        self._open: list[int] = []

    async def start(self, nursery: NurseryProcess, confinement: Confinement) -> None:
        """Have a child made, and bound its memory before it reads anything.

        Raises:
            NurseryGone: the nursery died meanwhile.
            SandboxError: the child could not be confined.
        """
        self._channel, their_channel = socket.socketpair()
        self._status, their_status = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        (stdout, their_stdout), (stderr, their_stderr) = os.pipe(), os.pipe()
        self._outputs = [CapturedOutput(end, self._limits.output_bytes) for end in (stdout, stderr)]
        self._open = [stdout, stderr]
        self._channel.setblocking(False)
        self._status.setblocking(False)
        try:
            nursery.spawn(
                confinement, [their_channel.fileno(), their_stdout, their_stderr, their_status.fileno()]
            )
        finally:
            their_channel.close()
            their_status.close()
            os.close(their_stdout)
            os.close(their_stderr)
        await self._await_child()
        if self._groups is not None:
            self._group = self._groups.make(self._limits.memory_bytes)
            self._group.add(self._pid)

    async def finish(self, request: RunRequest) -> RunResult:
        """Send the request and stay until the child has ended.

        Raises:
            SandboxError: the process that reports the end was killed from outside.
        """
        loop = asyncio.get_running_loop()
        start = time.monotonic()
        ended = asyncio.ensure_future(self._await_end())
        sending = asyncio.ensure_future(self._send(request))
        loop.add_reader(self._channel, self._read_channel)
        for output in self._outputs:
            loop.add_reader(output.descriptor, self._read_output, output)
        watches = [asyncio.ensure_future(self._watch_idleness()), asyncio.ensure_future(self._watch_memory())]
        try:
            done, _ = await asyncio.wait([ended], timeout=self._limits.wall_seconds)
            if not done:
                self._end_because(Ending.TIME_LIMIT, f"wall time: {self._limits.wall_seconds:g} s")
                await asyncio.wait([ended], timeout=_SPAWN_SECONDS)
            wall_seconds = time.monotonic() - start
            self._drain(loop)
            if not ended.done():
                raise SandboxError("a run did not end after it was killed")
            return self._result(ended.result(), wall_seconds)
        finally:
            for task in (ended, sending, *watches):
                task.cancel()
            loop.remove_reader(self._channel)
            for output in self._outputs:
                loop.remove_reader(output.descriptor)

    async def close(self) -> None:
        """Kill what is left, and give every descriptor and the control group back."""
        self._kill()
        if self._pidfd >= 0:
            os.close(self._pidfd)
            self._pidfd = -1
        for descriptor in self._open:
            os.close(descriptor)
        self._open = []
        self._channel.close()
        self._status.close()
        if self._group is not None:
            await self._group.remove()

    async def _await_child(self) -> None:
        loop = asyncio.get_running_loop()
        readable = asyncio.Event()
        loop.add_reader(self._status, readable.set)
        try:
            await asyncio.wait_for(readable.wait(), _SPAWN_SECONDS)
        except TimeoutError as error:
            raise NurseryGone("it did not fork in time") from error
        finally:
            loop.remove_reader(self._status)
        data, descriptors, _, _ = socket.recv_fds(self._status, 4096, 1)
        if not data:
            raise NurseryGone("it died while forking")
        message = _decode_status(data)
        if isinstance(message, Failed):
            raise SandboxError(f"a child could not be confined: {message.reason}")
        if not isinstance(message, Started) or len(descriptors) != 1:
            raise SandboxError("the nursery answered out of turn")
        self._pidfd = descriptors[0]
        self._pid = _pid_of(self._pidfd)

    async def _await_end(self) -> Ended:
        data = await asyncio.get_running_loop().sock_recv(self._status, 4096)
        if not data:
            raise NurseryGone("it died during a run")
        message = _decode_status(data)
        if isinstance(message, Failed):
            raise SandboxError(f"a child could not be confined: {message.reason}")
        if not isinstance(message, Ended):
            raise SandboxError("the nursery answered out of turn")
        return message

    async def _send(self, request: RunRequest) -> None:
        with contextlib.suppress(OSError):  # A child may end early; how is told by its end.
            await asyncio.get_running_loop().sock_sendall(self._channel, frame(request))

    async def _watch_memory(self) -> None:
        if self._group is None:
            await memory_exceeded(self._pid, self._limits.memory_bytes)
            self._end_because(Ending.MEMORY_LIMIT, f"memory: {_megabytes(self._limits.memory_bytes)}")

    async def _watch_idleness(self) -> None:
        seconds = self._limits.idle_seconds
        await idle_for(self._pid, seconds, lambda: self._finished is not None)
        self._end_because(Ending.TIME_LIMIT, f"wall time: nothing was computed for {seconds:g} s")

    def _read_channel(self) -> None:
        try:
            data = self._channel.recv(1 << 20)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(self._channel)
            return
        try:
            for report in self._reader.feed(data):
                self._take(report)
        except BadFrame as error:
            self._end_because(Ending.VIOLATION, f"the code wrote to the result channel ({error})")
            asyncio.get_running_loop().remove_reader(self._channel)

    def _take(self, report: Report) -> None:
        if self._finished is not None or self._ending is not None:
            return
        match report:
            case Loaded() if self._loaded is None:
                self._loaded = report
            case CallResult() if self._loaded is not None and report.index == len(self._calls):
                self._calls.append(report)
            case Finished() if self._loaded is not None:
                self._finished = report
                asyncio.get_running_loop().call_later(_LINGER_SECONDS, self._kill)
            case _:
                raise BadFrame("a result out of turn")
        self._on_report(report)

    def _read_output(self, output: CapturedOutput) -> None:
        if not output.read_available():
            asyncio.get_running_loop().remove_reader(output.descriptor)
        if output.overflowed:
            kilobytes = self._limits.output_bytes // 1024
            self._end_because(Ending.OUTPUT_LIMIT, f"printed output: {kilobytes} KB")

    def _drain(self, loop: asyncio.AbstractEventLoop) -> None:
        """What was written before the end may still lie in the buffers."""
        for output in self._outputs:
            self._read_output(output)
        for _ in range(self._limits.reply_bytes // (1 << 20) + 2):
            self._read_channel()

    def _end_because(self, ending: Ending, message: str) -> None:
        if self._ending is None and self._finished is None:
            self._ending, self._message = ending, message
        self._kill()

    def _kill(self) -> None:
        """The child is the first of its PID namespace: with it the kernel ends all that it started."""
        if self._pidfd >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    def _result(self, ended: Ended, wall_seconds: float) -> RunResult:
        ending, message = self._classify(ended)
        return RunResult(
            ending=ending,
            message=message,
            loaded=self._loaded,
            calls=tuple(self._calls),
            stdout=self._outputs[0].text,
            stderr=self._outputs[1].text,
            wall_seconds=wall_seconds,
            cpu_seconds=ended.cpu_seconds,
            peak_memory_bytes=self._group.peak_bytes if self._group is not None else ended.peak_memory_bytes,
        )

    def _classify(self, ended: Ended) -> tuple[Ending, str]:
        if self._ending is not None:
            return self._ending, self._message
        if self._group is not None and self._group.was_hit:
            return Ending.MEMORY_LIMIT, f"memory: {_megabytes(self._limits.memory_bytes)}"
        if self._finished is not None:
            return Ending.FINISHED, ""
        if not os.WIFSIGNALED(ended.wait_status):
            status = os.waitstatus_to_exitcode(ended.wait_status)
            return Ending.CRASHED, f"the code ended its own process with exit status {status}"
        number = os.WTERMSIG(ended.wait_status)
        if number == signal.SIGSYS:
            return (
                Ending.VIOLATION,
                "a system call that no exercise needs (network, tracing, mounting and the like)",
            )
        # The kernel ends the first process of a namespace by SIGKILL once its processor time is used up.
        if (
            number in (signal.SIGKILL, signal.SIGXCPU)
            and ended.cpu_seconds >= self._limits.cpu_seconds * 0.98
        ):
            return Ending.TIME_LIMIT, f"processor time: {self._limits.cpu_seconds:g} s"
        name = _SIGNALS_OF_A_CRASH.get(number, f"signal {number}")
        return Ending.CRASHED, f"the process was ended by {name}"


def _decode_status(data: bytes) -> Status:
    message: Status = msgspec.msgpack.decode(data[HEADER_BYTES:], type=Status)
    return message


def _pid_of(pidfd: int) -> int:
    for line in Path(f"/proc/self/fdinfo/{pidfd}").read_text().splitlines():
        if line.startswith("Pid:"):
            return int(line.split()[1])
    raise SandboxError("the kernel does not say which process a pidfd means")


def _megabytes(count: int) -> str:
    return f"{count / (1 << 20):g} MB"
