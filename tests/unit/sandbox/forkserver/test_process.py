"""A fork server that takes no orders is told from one that is busy, by what the kernel says of it."""

import asyncio
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sandbox.forkserver.process import ForkServerGone, ForkServerProcess
from sandbox.limits import Limits
from sandbox.protocol import Confinement

_SLEEPS = "import time; print('up', flush=True); time.sleep(60)"
_COMPUTES = "print('up', flush=True)\nwhile True: pass"
_READS = "import os, time; print('up', flush=True); os.read(3, 9); time.sleep(60)"
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
def fork_server_that(code: str) -> Iterator[ForkServerProcess]:
    """A process in the place of a fork server; its control socket is descriptor 3."""
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
            yield ForkServerProcess(process, ours, log, pid=process.pid)
            process.kill()
            process.wait()


async def _hangs(fork_server: ForkServerProcess, *, within_seconds: float = 1.5) -> bool:
    try:
        await asyncio.wait_for(fork_server.hangs(), within_seconds)
    except TimeoutError:
        return False
    return True


@pytest.mark.anyio
async def test_one_that_sleeps_over_an_order_hangs() -> None:
    """Noticed within about half a second, and only once there is an order."""
    with fork_server_that(_SLEEPS) as fork_server:
        assert not await _hangs(fork_server)
        fork_server.spawn(_CONFINEMENT, [])
        assert await _hangs(fork_server)


@pytest.mark.anyio
@pytest.mark.parametrize("code", [_COMPUTES, _READS], ids=["computes", "has-read-it"])
async def test_one_that_is_busy_does_not_hang(code: str) -> None:
    """However long it takes: a loaded machine must not cost it its life."""
    with fork_server_that(code) as fork_server:
        fork_server.spawn(_CONFINEMENT, [])
        assert not await _hangs(fork_server)


@pytest.mark.anyio
async def test_one_that_was_stopped_hangs_with_or_without_an_order() -> None:
    with fork_server_that(_COMPUTES) as fork_server:
        fork_server._process.send_signal(signal.SIGSTOP)
        assert await _hangs(fork_server)
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
