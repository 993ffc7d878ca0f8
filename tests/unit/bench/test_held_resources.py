"""What the soak counts: each kind of leak is seen, and named."""

import ctypes
import mmap
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from bench.held_resources import leaks, look

pytestmark = pytest.mark.alone


@contextmanager
def _descriptor() -> Any:
    descriptor = os.open("/dev/null", os.O_RDONLY)
    yield
    os.close(descriptor)


@contextmanager
def _process() -> Any:
    with subprocess.Popen(["sleep", "60"]) as process:
        yield
        process.kill()


@contextmanager
def _dead_process() -> Any:
    process = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.read()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    process.stdout.close()
    yield
    process.wait()


@contextmanager
def _thread() -> Any:
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    yield
    stop.set()
    thread.join()
    # Python is done with it a moment before the kernel is.
    deadline = time.monotonic() + 60
    while Path(f"/proc/self/task/{thread.native_id}").exists() and time.monotonic() < deadline:
        time.sleep(0.001)


@contextmanager
def _memory() -> Any:
    with closing(mmap.mmap(-1, 64 << 20)) as held:
        held.write(b"x" * (64 << 20))
        yield


@contextmanager
def _shared_memory_segment() -> Any:
    libc = ctypes.CDLL(None)
    segment = libc.shmget(0, 4096, 0o1600)
    yield
    libc.shmctl(segment, 0, None)


@pytest.mark.parametrize(
    ("name", "leak"),
    [
        ("worker_descriptors", _descriptor),
        ("processes", _process),
        ("dead_processes", _dead_process),
        ("worker_threads", _thread),
        ("worker_mb", _memory),
        ("interprocess", _shared_memory_segment),
    ],
)
def test_a_leak_is_named(name: str, leak: Callable[[], AbstractContextManager[None]], tmp_path: Path) -> None:
    """And is gone from the count with what caused it."""
    before = look([tmp_path])
    with leak():
        found = leaks(before, look([tmp_path]))
    assert any(line.startswith(f"{name}: ") for line in found), found
    assert not leaks(before, look([tmp_path]))


def test_a_file_left_behind_is_named(tmp_path: Path) -> None:
    before = look([tmp_path])
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").touch()
    assert leaks(before, look([tmp_path])) == ["files: 0 before, 2 after"]


def test_less_is_no_leak(tmp_path: Path) -> None:
    with _descriptor():
        before = look([tmp_path])
    assert not leaks(before, look([tmp_path]))
