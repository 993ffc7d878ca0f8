"""The memory of a tree of processes, of which forks share much."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sandbox.procfs.tree import tree_holds_more, tree_memory_bytes

_MB = 1 << 20
_FORKS = """
import os, time
hoard = b"x" * (64 << 20)
ready, done = os.pipe()
for _ in range(3):
    if os.fork() == 0:
        own = b"y" * (int({own_mb}) << 20)
        os.write(done, b"!")
        time.sleep(600)
for _ in range(3): os.read(ready, 1)
print("ready", flush=True)
time.sleep(600)
"""


@contextmanager
def _forks(own_mb: int) -> Iterator[int]:
    """A process of 64 MB with three forks, which hold `own_mb` more each; ended with all of them."""
    process = subprocess.Popen(
        [sys.executable, "-c", _FORKS.format(own_mb=own_mb)],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process.pid
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.mark.parametrize(("own_mb", "holds_more"), [(0, False), (40, True)])
def test_what_forks_share_counts_once(own_mb: int, holds_more: bool) -> None:
    """64 MB that four hold are 64, and 40 that each of three has for itself are 120 more."""
    with _forks(own_mb) as pid:
        assert tree_memory_bytes(pid) > 4 * 64 * _MB
        assert tree_holds_more(pid, 144 * _MB) is holds_more


def test_nobody_holds_nothing() -> None:
    with _forks(0) as pid:
        pass
    assert tree_memory_bytes(pid) == 0
    assert not tree_holds_more(pid, 0)
