"""A real `jaxercise serve` or `jaxercise worker`, in a process of its own, with the real sandbox."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from threading import Thread

from tests.support.checkout import CHECKOUT
from tests.support.process_trees import children

_START_SECONDS = 200
_STOP_SECONDS = 200
_BY_DEFAULT = {"JAXERCISE_EXPLAIN_BY_MUTANTS": "false"}
"""Minutes of work in the background, for those tests alone that are about it."""


class RunningService:
    """A process that has printed its address."""

    def __init__(self, process: subprocess.Popen[str], address: str, printed: list[str]) -> None:
        self._process = process
        self.address = address
        self.printed = printed
        """What it has printed so far, its log included; line by line."""

    @property
    def pid(self) -> int:
        """The process that does the work, begun by the one that was started."""
        (pid,) = children(self._process.pid)
        return pid

    @property
    def parent_pid(self) -> int:
        """The process that was started, which begins the work again where that is killed."""
        return self._process.pid

    @property
    def grader_pid(self) -> int:
        """The process that grades for the one that answers pages."""
        (parent,) = children(self.pid)
        (pid,) = children(parent)
        return pid

    def wait_until_prepared(self, seconds: float) -> None:
        """Wait for a new service, which runs every problem's solutions in the background, once.

        Raises:
            TimeoutError: that takes longer than `seconds`.
        """
        deadline = time.monotonic() + seconds
        while not any("problems are prepared" in line for line in self.printed):
            if time.monotonic() > deadline:
                raise TimeoutError(f"not prepared within {seconds:g} s: {self.printed[-3:]}")
            time.sleep(0.2)

    def kill_work(self) -> None:
        """As the kernel does it when memory runs out."""
        os.kill(self.pid, signal.SIGKILL)

    def kill(self) -> None:
        """As a power cut does it."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def terminate(self) -> int:
        """As an operator does it; returns the exit code."""
        self._process.terminate()
        return self._process.wait(_STOP_SECONDS)


@contextmanager
def real_service(data_dir: Path, **settings: str) -> Iterator[RunningService]:
    """Serves on a free port of this machine; `settings` are JAXERCISE_* variables without the prefix."""
    with _running(["serve", "--port", "0"], "Jaxercise is at", data_dir, settings) as service:
        yield service


@contextmanager
def real_worker(data_dir: Path, **settings: str) -> Iterator[RunningService]:
    """A worker on its own, whose metrics are at `address`; it may still be opening its database."""
    with _running(["worker"], "The worker answers at", data_dir, {"worker_port": "0", **settings}) as worker:
        yield worker


@contextmanager
def _running(
    command: list[str], reports: str, data_dir: Path, settings: dict[str, str]
) -> Iterator[RunningService]:
    chosen = {f"JAXERCISE_{name.upper()}": value for name, value in settings.items()}
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli.main", *command],
        cwd=CHECKOUT,
        env={**os.environ, **_BY_DEFAULT, "JAXERCISE_DATA_DIR": str(data_dir), **chosen},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    lines: Queue[str | None] = Queue()
    printed: list[str] = []
    reader = Thread(target=_read, args=(process, lines, printed), daemon=True)
    reader.start()
    try:
        yield RunningService(process, _address(lines, printed, reports), printed)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        reader.join(10)


def _read(process: subprocess.Popen[str], lines: "Queue[str | None]", printed: list[str]) -> None:
    assert process.stdout is not None
    with process.stdout:
        for line in process.stdout:
            printed.append(line)
            lines.put(line)
    lines.put(None)


def _address(lines: "Queue[str | None]", printed: list[str], reports: str) -> str:
    while (line := lines.get(timeout=_START_SECONDS)) is not None:
        if found := re.search(rf"{re.escape(reports)} (http://\S+)", line):
            return found[1]
    raise RuntimeError("the process did not start:\n" + "".join(printed))
