"""The supervisor's end of one fork server: start it, order children, notice its death, stop it."""

import asyncio
import fcntl
import os
import shutil
import socket
import subprocess
import tempfile
import termios
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

import msgspec

from sandbox.interface import SandboxUnavailable
from sandbox.isolation.bubblewrap import (
    CHILD_UID,
    JAIL_CACHE,
    HostPaths,
    fork_server_command,
    jail_environment,
    open_many_users,
    unjailed_command,
)
from sandbox.procfs.process import ProcessState, pid_of, readable, state_of
from sandbox.protocol import Confinement, Ready, Spawn
from sandbox.wire import frame

_START_SECONDS = 120.0
_LOOK_SECONDS = 0.15
_LOOKS = 3
_READY_BYTES = 1 << 16


class ForkServerGone(Exception):
    """The fork server has died; a fresh one is needed."""


class ChildGone(ForkServerGone):
    """A child is lost through no fault of its code, and perhaps its fork server with it."""


class ForkServerProcess:
    """A running fork server. Made by `ForkServerPlan.start`; `look` is how its state is seen."""

    def __init__(
        self,
        process: "subprocess.Popen[bytes]",
        control: socket.socket,
        log: IO[bytes],
        *,
        pid: int,
        failed_patches: Mapping[str, str] | None = None,
        look: Callable[[int], ProcessState | None] = state_of,
    ) -> None:
        self._process = process
        self._control = control
        self._log = log
        self._last_words = ""
        self._look = look
        self.pid = pid
        """Of the process that forks, on the host; bubblewrap's own are its parents."""
        self.failed_patches = failed_patches or {}
        """Patches of JAX that were ordered and could not be applied, with the reason."""

    @property
    def is_alive(self) -> bool:
        """Whether it could still take an order."""
        if self._process.poll() is not None:
            return False
        # bubblewrap takes a moment to notice; the socket closes with the fork server itself.
        try:
            return self._control.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False

    @property
    def is_stopped(self) -> bool:
        """Whether somebody has stopped it (SIGSTOP); no code in a jail can."""
        state = self._look(self.pid)
        return state is not None and state.letter == "T"

    async def hangs(self) -> None:
        """Wait until it is gone or stopped, or sleeps over an order that lies before it.

        A busy machine does not look like that: there the fork server runs, or waits for a processor.
        """
        asleep, last = 0, None
        while asleep < _LOOKS:
            await asyncio.sleep(_LOOK_SECONDS)
            state = self._look(self.pid)
            if state is None or state.letter == "T":
                return
            sleeps = state.letter == "S" and state == last and self._has_unread_order()
            asleep = asleep + 1 if sleeps else 0
            last = state

    def _has_unread_order(self) -> bool:
        try:
            unread = fcntl.ioctl(self._control, termios.TIOCOUTQ, b"\0" * 4)
        except (OSError, ValueError):
            return False
        return int.from_bytes(unread, "little") > 0

    def last_words(self) -> str:
        """Return the end of what it wrote to its standard error."""
        return self._last_words if self._log.closed else _tail(self._log)

    def spawn(self, confinement: Confinement, descriptors: list[int]) -> None:
        """Order one child; `descriptors` are its ends, in the order of `Spawn`.

        Raises:
            ForkServerGone: it has ended.
        """
        try:
            socket.send_fds(self._control, [frame(Spawn(confinement=confinement))[4:]], descriptors)
        except OSError as error:
            raise ForkServerGone(str(error)) from error

    async def stop(self) -> None:
        """End it and everything it started. Several who lost a child in it may ask for that at once."""
        self._control.close()
        self._process.kill()
        await asyncio.to_thread(self._process.wait)
        if not self._log.closed:
            self._last_words = _tail(self._log)
            self._log.close()


class ForkServerPlan:
    """How this host's fork servers are started."""

    def __init__(
        self,
        paths: HostPaths,
        *,
        cache: Path,
        jailed: bool,
        writable_cache: bool,
        patches: Sequence[str] = (),
    ) -> None:
        self._paths = paths
        self._patches = patches
        self._cache = cache
        self._jailed = jailed
        self.writable_cache = writable_cache
        self.child_uid = CHILD_UID if jailed and os.getuid() == 0 else None
        self.cache_inside = JAIL_CACHE if jailed else str(cache)

    def forget_programs(self, cache_key: str) -> None:
        """Take a compartment of the cache away, where there is one."""
        folder = self._cache / cache_key
        if cache_key and folder.is_dir():
            folder.chmod(0o700)  # A child has made it so that nobody can list it.
            shutil.rmtree(folder)

    async def start(self) -> ForkServerProcess:
        """Start one and wait until it has imported everything.

        Raises:
            SandboxUnavailable: it ended during the start; its own words are in the message.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        user_namespace = open_many_users() if self.child_uid is not None else None
        log = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the fork server
        try:
            process = self._launch(theirs, user_namespace, log)
        finally:
            theirs.close()
            if user_namespace is not None:
                os.close(user_namespace)
        try:
            pid, ready = await _ready(ours)
        except BaseException as error:
            ours.close()
            process.kill()
            await asyncio.to_thread(process.wait)
            reason = _tail(log)
            log.close()
            if not isinstance(error, OSError):  # TimeoutError is one.
                raise
            raise SandboxUnavailable(
                f"the fork server could not start: {reason or 'no reason given'}"
            ) from error
        return ForkServerProcess(process, ours, log, pid=pid, failed_patches=ready.failed_patches)

    def _launch(
        self, control: socket.socket, user_namespace: int | None, log: IO[bytes]
    ) -> "subprocess.Popen[bytes]":
        keep = [control.fileno()]
        if not self._jailed:
            command = unjailed_command(self._paths, control=control.fileno(), patches=self._patches)
        else:
            command = fork_server_command(
                self._paths,
                cache=self._cache,
                writable_cache=self.writable_cache,
                user_namespace=user_namespace,
                control=control.fileno(),
                patches=self._patches,
            )
            keep += [] if user_namespace is None else [user_namespace]
        return subprocess.Popen(
            command,
            pass_fds=keep,
            env=jail_environment() if not self._jailed else None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,
        )


async def _ready(control: socket.socket) -> tuple[int, Ready]:
    """Wait until a fork server has imported everything, and return its process id and what it says.

    Raises:
        OSError: it ended, or took too long.
    """
    async with asyncio.timeout(_START_SECONDS):
        await readable(control.fileno())
    data, descriptors, _, _ = socket.recv_fds(control, _READY_BYTES, 1)
    if not data or len(descriptors) != 1:
        raise ConnectionResetError("the fork server has ended")
    try:
        return pid_of(descriptors[0]), msgspec.msgpack.decode(data, type=Ready)
    finally:
        os.close(descriptors[0])


def _tail(log: IO[bytes]) -> str:
    log.seek(0)
    return log.read().decode(errors="replace").strip()[-2000:]
