"""What the kernel says of a fork server shows whether it takes no orders or is only busy."""

import asyncio
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from sandbox.forkserver.process import ForkServerGone, ForkServerProcess
from sandbox.limits import Limits
from sandbox.procfs.process import ProcessState, state_of
from sandbox.protocol import Confinement

_SLEEPS = "import time; print('up', flush=True); time.sleep(60)"
_COMPUTES = "print('up', flush=True)\nwhile True: pass"
_READS = "import os, time; print('up', flush=True); os.read(3, 9); time.sleep(60)"
_LOOKS = 10
"""Three times as many as it takes to find that one hangs."""
_PATIENCE_SECONDS = 60.0
_CONFINEMENT = Confinement(
    limits=Limits(),
    jailed=False,
    seccomp_program=b"",
    child_uid=None,
    cache_folder="",
    writable_cache=False,
    cpuinfo="",
)


@contextmanager
def fork_server_that(
    code: str, *, look: Callable[[int], ProcessState | None] = state_of
) -> Iterator[ForkServerProcess]:
    """Start a process in the place of a fork server; its control socket is descriptor 3."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with tempfile.TemporaryFile() as log:
        code = f"import os; os.dup2({theirs.fileno()}, 3); {code}"
        process = subprocess.Popen(
            [sys.executable, "-c", code], pass_fds=[theirs.fileno()], stdout=subprocess.PIPE, stderr=log
        )
        theirs.close()
        assert process.stdout is not None
        with process.stdout, ours:
            assert process.stdout.readline() == b"up\n"
            yield ForkServerProcess(process, ours, log, pid=process.pid, look=look)
            process.kill()
            process.wait()


async def _hangs(fork_server: ForkServerProcess) -> None:
    async with asyncio.timeout(_PATIENCE_SECONDS):
        await fork_server.hangs()


class Looks:
    """Looks at a process, and knows when it has looked often enough to find that it hangs."""

    def __init__(self) -> None:
        self._count = 0
        self._enough = asyncio.Event()

    def __call__(self, pid: int) -> ProcessState | None:
        self._count += 1
        if self._count == _LOOKS:
            self._enough.set()
        return state_of(pid)

    async def do_not_find_that_it_hangs(self, fork_server: ForkServerProcess) -> bool:
        hanging = asyncio.ensure_future(fork_server.hangs())
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await self._enough.wait()
        await asyncio.sleep(0)  # What the last look has shown is known after the next round of the loop.
        found = hanging.done()
        hanging.cancel()
        return not found


@pytest.mark.anyio
async def test_one_that_sleeps_over_an_order_hangs() -> None:
    """Noticed after a few looks, and only once there is an order."""
    looks = Looks()
    with fork_server_that(_SLEEPS, look=looks) as fork_server:
        assert await looks.do_not_find_that_it_hangs(fork_server)
        fork_server.spawn(_CONFINEMENT, [])
        await _hangs(fork_server)


@pytest.mark.anyio
@pytest.mark.parametrize("code", [_COMPUTES, _READS], ids=["computes", "has-read-it"])
async def test_one_that_is_busy_does_not_hang(code: str) -> None:
    """However long it takes: a loaded machine must not cost it its life."""
    looks = Looks()
    with fork_server_that(code, look=looks) as fork_server:
        fork_server.spawn(_CONFINEMENT, [])
        assert await looks.do_not_find_that_it_hangs(fork_server)


@pytest.mark.anyio
async def test_one_that_was_stopped_hangs_with_or_without_an_order() -> None:
    with fork_server_that(_COMPUTES) as fork_server:
        fork_server._process.send_signal(signal.SIGSTOP)
        await _hangs(fork_server)
        assert fork_server.is_stopped


@pytest.mark.anyio
async def test_one_whose_socket_closed_is_dead_already() -> None:
    """A fork server's own end shows there first; bubblewrap's, which is waited for, comes later."""
    closes = "os.closerange(3, 99); import time; print('up', flush=True); time.sleep(60)"
    with fork_server_that(closes) as fork_server, fork_server_that(_SLEEPS) as other:
        assert (fork_server.is_alive, other.is_alive) == (False, True)
        with pytest.raises(ForkServerGone):
            fork_server.spawn(_CONFINEMENT, [])


@pytest.mark.anyio
async def test_last_words_outlive_the_process() -> None:
    """Each of several runs that lost it may ask, in any order."""
    with fork_server_that("import sys; print('up', flush=True); sys.exit('no more')") as fork_server:
        fork_server._process.wait()
        assert fork_server.last_words() == "no more"
        await asyncio.gather(fork_server.stop(), fork_server.stop())
        assert fork_server.last_words() == "no more"
