"""The supervisor's end of one nursery: start it, order children, notice its death, stop it."""

import asyncio
import os
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import IO

from sandbox.bubblewrap import ENVIRONMENT, JAIL_CACHE, Places, nursery_command, unjailed_command
from sandbox.interface import SandboxUnavailable
from sandbox.nursery_orders import Confinement, Spawn
from sandbox.user_namespace import CHILD_UID, open_many_users
from sandbox.wire import frame

_START_SECONDS = 120.0


class NurseryGone(Exception):
    """The nursery has died; a fresh one is needed."""


class NurseryProcess:
    """A running nursery. Made by `start_nursery`."""

    def __init__(self, process: "subprocess.Popen[bytes]", control: socket.socket, log: IO[bytes]) -> None:
        self._process = process
        self._control = control
        self._log = log

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def last_words(self) -> str:
        """The end of what it wrote to its standard error."""
        return _tail(self._log)

    def spawn(self, confinement: Confinement, descriptors: list[int]) -> None:
        """Order one child; `descriptors` are its ends of channel, stdout, stderr and status.

        Raises:
            NurseryGone: it has ended.
        """
        try:
            socket.send_fds(self._control, [frame(Spawn(confinement=confinement))[4:]], descriptors)
        except OSError as error:
            raise NurseryGone(str(error)) from error

    async def stop(self) -> None:
        """End it and everything it started."""
        self._control.close()
        self._process.kill()
        await asyncio.to_thread(self._process.wait)
        self._log.close()


class NurseryPlan:
    """How this host's nurseries are started."""

    def __init__(self, places: Places, *, cache: Path, jailed: bool, writable_cache: bool) -> None:
        self._places = places
        self._cache = cache
        self._jailed = jailed
        self.writable_cache = writable_cache
        self.child_uid = CHILD_UID if jailed and os.getuid() == 0 else None
        self.cache_inside = JAIL_CACHE if jailed else str(cache)

    async def start(self) -> NurseryProcess:
        """Start one and wait until it has imported everything.

        Raises:
            SandboxUnavailable: it ended during the start; its own words are in the message.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        user_namespace = open_many_users() if self.child_uid is not None else None
        log = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the nursery
        try:
            process = self._launch(theirs, user_namespace, log)
        finally:
            theirs.close()
            if user_namespace is not None:
                os.close(user_namespace)
        ours.setblocking(False)
        try:
            async with asyncio.timeout(_START_SECONDS):
                said = await asyncio.get_running_loop().sock_recv(ours, 16)
        except (TimeoutError, OSError):
            said = b""
        if said != b"ready":
            ours.close()
            process.kill()
            await asyncio.to_thread(process.wait)
            reason = _tail(log)
            raise SandboxUnavailable(f"the nursery could not start: {reason or 'no reason given'}")
        ours.setblocking(True)
        return NurseryProcess(process, ours, log)

    def _launch(
        self, control: socket.socket, user_namespace: int | None, log: IO[bytes]
    ) -> "subprocess.Popen[bytes]":
        keep = [control.fileno()]
        if not self._jailed:
            command = unjailed_command(self._places, control=control.fileno())
        else:
            command = nursery_command(
                self._places,
                cache=self._cache,
                writable_cache=self.writable_cache,
                user_namespace=user_namespace,
                control=control.fileno(),
            )
            keep += [] if user_namespace is None else [user_namespace]
        return subprocess.Popen(
            command,
            pass_fds=keep,
            env=ENVIRONMENT if not self._jailed else None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,
        )


def _tail(log: IO[bytes]) -> str:
    log.seek(0)
    return log.read().decode(errors="replace").strip()[-2000:]
