"""One child seen from outside: its descriptors, its process, its control group."""

import asyncio
import contextlib
import os
import select
import signal
import socket

import msgspec

from sandbox.cgroups.freezer import Freezer
from sandbox.cgroups.interface import ControlGroups, RunGroup
from sandbox.forkserver.process import ChildGone, ForkServerGone, ForkServerProcess
from sandbox.interface import SandboxError
from sandbox.limits import Limits
from sandbox.procfs.process import peak_memory_bytes, pid_of, readable
from sandbox.procfs.stop import continue_tree, is_tree_stopped, stop_tree
from sandbox.procfs.tree import ProcessorClock
from sandbox.protocol import ChildOrder, Confinement, Ended, Failed, Started, Status
from sandbox.run.child_page import ChildPage
from sandbox.run.loop_time import wait_within
from sandbox.run.pipes import CapturedOutput, LineProbe
from sandbox.wire import HEADER_BYTES, frame

_SPAWN_SECONDS = 20.0


class JailedChild:
    """Made by `spawn_child`; whoever has it must `close` it."""

    def __init__(self, limits: Limits, *, report_seconds: float) -> None:
        self.channel, self._their_channel = socket.socketpair()
        self._status, self._their_status = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        (stdout, self._their_stdout), (stderr, self._their_stderr) = os.pipe(), os.pipe()
        line, self._their_line = os.pipe()
        os.set_blocking(self._their_line, False)
        self.page = ChildPage()
        self._open = [stdout, stderr, line]
        self.line_probe = LineProbe(line)
        self._report_seconds = report_seconds
        self.outputs = [CapturedOutput(end, limits) for end in (stdout, stderr)]
        self.channel.setblocking(False)
        self._status.setblocking(False)
        self._pidfd = -1
        self.pid = 0
        self.group: RunGroup | None = None
        self._clock = ProcessorClock(0)

    def order_from(self, fork_server: ForkServerProcess, confinement: Confinement) -> None:
        """Have the fork server fork it; from then on only the child has its ends.

        Raises:
            ForkServerGone: the fork server has ended.
        """
        outputs = [self._their_stdout, self._their_stderr]
        hints = [self._their_line, self.page.theirs]
        theirs = [self._their_channel.fileno(), *outputs, self._their_status.fileno(), *hints]
        try:
            fork_server.spawn(confinement, theirs)
        finally:
            self._their_channel.close()
            self._their_status.close()
            for descriptor in outputs + hints:
                os.close(descriptor)

    async def started(self, fork_server: ForkServerProcess) -> None:
        """Wait until the process exists.

        Raises:
            ForkServerGone: the fork server died meanwhile, or hangs.
            SandboxError: the child could not be confined.
        """
        answered = asyncio.ensure_future(readable(self._status.fileno()))
        hanging = asyncio.ensure_future(fork_server.hangs())
        try:
            ends = [answered, hanging]
            await wait_within(ends, _SPAWN_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if not answered.done():
                raise ForkServerGone("it takes no orders" if hanging.done() else "it did not fork in time")
        finally:
            answered.cancel()
            hanging.cancel()
            await asyncio.gather(answered, hanging, return_exceptions=True)
        data, descriptors, _, _ = socket.recv_fds(self._status, 4096, 1)
        message = _status(data, "it died while forking")
        if not isinstance(message, Started) or len(descriptors) != 1:
            raise SandboxError("the fork server answered out of turn")
        self._pidfd = descriptors[0]
        self.pid = pid_of(self._pidfd)
        if self.pid < 0:
            raise ChildGone("it ended before its first order")
        self._clock = ProcessorClock(self.pid)

    async def ended(self) -> Ended:
        """Wait for the end of the process.

        Raises:
            ChildGone: what reports the end was killed, or gives no report.
            SandboxError: the child could not be confined after all.
        """
        reported = asyncio.ensure_future(readable(self._status.fileno()))
        gone = asyncio.ensure_future(readable(self._pidfd))
        try:
            await asyncio.wait([reported, gone], return_when=asyncio.FIRST_COMPLETED)
            await wait_within([reported], self._report_seconds)
            if not reported.done():
                raise ChildGone("nothing reports the end of a child")
        finally:
            reported.cancel()
            gone.cancel()
            await asyncio.gather(reported, gone, return_exceptions=True)
        message = _status(self._status.recv(4096), "it died during a run")
        if not isinstance(message, Ended):
            raise SandboxError("the fork server answered out of turn")
        return message

    def as_if_ended(self) -> Ended:
        """Return what `ended` would now, for a child that has no more to say: its end takes a while."""
        return Ended(
            wait_status=0, cpu_seconds=self.cpu_seconds(), peak_memory_bytes=peak_memory_bytes(self.pid)
        )

    async def send(self, order: ChildOrder) -> None:
        """Hand over an order; do nothing for a child that has ended, which its end reports."""
        with contextlib.suppress(OSError):
            await asyncio.get_running_loop().sock_sendall(self.channel, frame(order))

    def cpu_seconds(self) -> float:
        """Count the processor time of the child and all that it started, since its start; it only grows."""
        counted = self.group.cpu_seconds if self.group is not None else None
        return self._clock.seconds() if counted is None else counted

    def compile_seconds(self) -> float:
        """Return how much of `cpu_seconds` went into compiling, as far as the child can be believed."""
        return self.page.compile_seconds(self.cpu_seconds())

    async def ask_line(self) -> None:
        """Ask it through `line_probe` which line it is at; it need not answer, and has half a second."""
        if self._pidfd >= 0:
            await self.line_probe.ask(self._pidfd, self.group.free_space if self.group else lambda: None)

    @property
    def is_alive(self) -> bool:
        """Whether its process has not ended."""
        if self._pidfd < 0:
            return False
        ended = select.poll()
        ended.register(self._pidfd, select.POLLIN)
        return not ended.poll(0)

    async def freeze(self) -> bool:
        """Have it and all that it started run no more until `thaw`; False where that cannot be had."""
        freezer = self._freezer
        return await (stop_tree(self.pid) if freezer is None else freezer.freeze())

    def thaw(self) -> None:
        """Let it go on."""
        freezer = self._freezer
        if freezer is None:
            continue_tree(self.pid)
        else:
            freezer.thaw()

    @property
    def is_frozen(self) -> bool:
        """Whether neither it nor anything that it started runs."""
        freezer = self._freezer
        return is_tree_stopped(self.pid) if freezer is None else freezer.is_frozen

    @property
    def _freezer(self) -> Freezer | None:
        return None if self.group is None else self.group.freezer

    def kill(self) -> None:
        """Kill the first of its PID namespace: with it the kernel ends all that it started."""
        if self._pidfd >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    async def close(self) -> None:
        """Kill it, and give every descriptor and the control group back."""
        self.kill()
        if self._pidfd >= 0:
            os.close(self._pidfd)
            self._pidfd = -1
        for descriptor in self._open:
            os.close(descriptor)
        if self._open:
            self.page.close()
        self._open = []
        self.channel.close()
        self._status.close()
        if self.group is not None:
            await self.group.remove()
            self.group = None


async def spawn_child(
    fork_server: ForkServerProcess,
    confinement: Confinement,
    groups: ControlGroups | None,
    *,
    report_seconds: float = 10.0,
    to_be_frozen: bool = False,
) -> JailedChild:
    """Return a confined child that waits for its first order, what it uses already bounded.

    An init that has not reported the child's end `report_seconds` after it never will. One `to_be_frozen`
    takes some milliseconds longer.

    Raises:
        ForkServerGone: the fork server died meanwhile.
        SandboxError: the child could not be confined.
    """
    child = JailedChild(confinement.limits, report_seconds=report_seconds)
    try:
        child.order_from(fork_server, confinement)
        await child.started(fork_server)
        if groups is not None:
            await _add_to_group(child, groups, confinement.limits, to_be_frozen=to_be_frozen)
    except BaseException:
        await child.close()
        raise
    return child


async def _add_to_group(
    child: JailedChild, groups: ControlGroups, limits: Limits, *, to_be_frozen: bool
) -> None:
    try:
        child.group = groups.make(limits, to_be_frozen=to_be_frozen)
        # The kernel makes everybody wait for a moving process; the child starts its backend meanwhile.
        await asyncio.to_thread(child.group.add, child.pid)
    except OSError as error:
        raise SandboxError(f"a run could not be put into a control group: {error}") from error


def _status(data: bytes, silence: str) -> Status:
    if not data:
        raise ChildGone(silence)
    message: Status = msgspec.msgpack.decode(data[HEADER_BYTES:], type=Status)
    if isinstance(message, Failed):
        raise SandboxError(f"a child could not be confined: {message.reason}")
    return message
