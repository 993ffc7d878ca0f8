"""The processes of a service that is killed on purpose, and a supervisor's part: each comes back."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import httpx

from tests.support.checkout import CHECKOUT
from tests.support.process_trees import children

_START_SECONDS = 120.0

SCRIPTED_WORKER = ("-m", "tests.support.scripted_worker")
SCRIPTED_SERVICE = ("-m", "tests.support.scripted_worker", "serve")
REAL_WORKER = ("-m", "app.cli.main", "worker")
REAL_SERVICE = ("-m", "app.cli.main", "serve")


class SupervisedProcess:
    """One process by its name; `life` counts how often it was started."""

    def __init__(
        self, name: str, program: tuple[str, ...], settings: Mapping[str, str], folder: Path
    ) -> None:
        self.name = name
        self.life = 0
        self.is_stopped = False
        self._disturbed_at = 0.0
        self._log_begins = 0
        self.log = folder / f"{name}.log"
        # They start often, and would otherwise compile everything each time.
        self._environment = {
            **{key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"},
            "PYTHONPYCACHEPREFIX": str(CHECKOUT / "var" / "bytecode"),
        }
        self._program = program
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def application_name(self) -> str:
        """What PostgreSQL calls this life of the process."""
        return f"{self.name}.{self.life}"

    @property
    def exit_code(self) -> int | None:
        """Of the last life; None where it lives, or was never started."""
        return None if self._process is None else self._process.poll()

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self.exit_code is None

    def is_steady(self, seconds: float) -> bool:
        """Nothing has happened to it for so long."""
        quiet = time.monotonic() - self._disturbed_at > seconds
        return self.is_ready and not self.is_stopped and quiet

    @property
    def is_ready(self) -> bool:
        """Whether a worker has said so in this life."""
        return self.is_alive and self.log.read_bytes()[self._log_begins :].count(b"grading, ") > 0

    def settle(self) -> None:
        """Whatever has happened to it is over."""
        self._disturbed_at = -float("inf")

    def start(self) -> None:
        self.life += 1
        self._log_begins = self.log.stat().st_size if self.log.exists() else 0
        self._disturbed_at = time.monotonic()
        self.is_stopped = False
        chosen = {f"JAXERCISE_{name.upper()}": value for name, value in self._settings.items()}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *self._program],
                cwd=CHECKOUT,
                env={**self._environment, "PGAPPNAME": self.application_name, **chosen},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def signal(self, number: signal.Signals) -> None:
        """To the process that was started; a stop holds up its child as well, which does the work."""
        assert self._process is not None
        if number in (signal.SIGSTOP, signal.SIGCONT):
            self._signal_work(number)
        self._process.send_signal(number)
        self.is_stopped = number == signal.SIGSTOP
        self._disturbed_at = time.monotonic()

    def kill_work(self) -> None:
        """As the kernel does it when memory runs out; the process that was started begins it again."""
        self._log_begins = self.log.stat().st_size
        self._signal_work(signal.SIGKILL)
        self._disturbed_at = time.monotonic()

    def _signal_work(self, number: int) -> None:
        assert self._process is not None
        for pid in children(self._process.pid):
            os.kill(pid, number)

    def kill(self) -> None:
        """As a power cut does it."""
        self.signal(signal.SIGKILL)
        assert self._process is not None
        self._process.wait()

    def put_away(self) -> None:
        if self.is_alive:
            self.kill()


class SupervisedService(SupervisedProcess):
    """One that answers requests, always on the same port."""

    def __init__(
        self, name: str, program: tuple[str, ...], settings: Mapping[str, str], folder: Path
    ) -> None:
        port = _free_port()
        super().__init__(name, program, {**settings, "port": str(port), "host": "127.0.0.1"}, folder)
        self.address = f"http://127.0.0.1:{port}"

    async def answers(self) -> None:
        """Waits until it does.

        Raises:
            RuntimeError: it has ended by itself.
        """
        async with asyncio.timeout(_START_SECONDS):
            while not await self.answers_now():
                if self.exit_code not in (None, -signal.SIGKILL):
                    raise RuntimeError(f"{self.name} did not start:\n{self.log.read_text()}")
                await asyncio.sleep(0.1)

    async def answers_now(self) -> bool:
        async with httpx.AsyncClient() as client:
            try:
                await client.get(f"{self.address}/healthz")
            except httpx.TransportError:
                return False
            return True


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
