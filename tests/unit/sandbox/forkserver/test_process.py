"""A nursery that takes no orders is told from one that is busy, by what the kernel says of it."""

import asyncio
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sandbox.forkserver.process import NurseryGone, NurseryProcess
from sandbox.forkserver.protocol import Confinement
from sandbox.limits import Limits

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
def nursery_that(code: str) -> Iterator[NurseryProcess]:
    """A process in the place of a nursery; its control socket is descriptor 3."""
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
            yield NurseryProcess(process, ours, log, pid=process.pid)
            process.kill()
            process.wait()


async def _hangs(nursery: NurseryProcess, *, within_seconds: float = 1.5) -> bool:
    try:
        await asyncio.wait_for(nursery.hangs(), within_seconds)
    except TimeoutError:
        return False
    return True


@pytest.mark.anyio
async def test_one_that_sleeps_over_an_order_hangs() -> None:
    """Noticed within about half a second, and only once there is an order."""
    with nursery_that(_SLEEPS) as nursery:
        assert not await _hangs(nursery)
        nursery.spawn(_CONFINEMENT, [])
        assert await _hangs(nursery)


@pytest.mark.anyio
@pytest.mark.parametrize("code", [_COMPUTES, _READS], ids=["computes", "has-read-it"])
async def test_one_that_is_busy_does_not_hang(code: str) -> None:
    """However long it takes: a loaded machine must not cost it its life."""
    with nursery_that(code) as nursery:
        nursery.spawn(_CONFINEMENT, [])
        assert not await _hangs(nursery)


@pytest.mark.anyio
async def test_one_that_was_stopped_hangs_with_or_without_an_order() -> None:
    with nursery_that(_COMPUTES) as nursery:
        nursery._process.send_signal(signal.SIGSTOP)
        assert await _hangs(nursery)
        assert nursery.is_stopped


@pytest.mark.anyio
async def test_one_whose_socket_closed_is_dead_already() -> None:
    """A nursery's own end shows there first; bubblewrap's, which is waited for, comes later."""
    closes = "os.closerange(3, 99); import time; print('up', flush=True); time.sleep(60)"
    with nursery_that(closes) as nursery, nursery_that(_SLEEPS) as other:
        assert (nursery.is_alive, other.is_alive) == (False, True)
        with pytest.raises(NurseryGone):
            nursery.spawn(_CONFINEMENT, [])


@pytest.mark.anyio
async def test_last_words_outlive_the_process() -> None:
    """Each of several runs that lost it may ask, in any order."""
    with nursery_that("import sys; print('up', flush=True); sys.exit('no more')") as nursery:
        nursery._process.wait()
        assert nursery.last_words() == "no more"
        await asyncio.gather(nursery.stop(), nursery.stop())
        assert nursery.last_words() == "no more"
