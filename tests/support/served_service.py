"""The whole service in a process of its own, on a socket, with the scripted grader: no sandbox.

For what only a socket shows: connections, and what their clients send or do not send.
"""

import functools
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
from argon2 import PasswordHasher

from app.accounts import credentials
from app.cli.serving.service import run_service
from app.settings import read_settings
from tests.support.checkout import CHECKOUT
from tests.support.process_trees import children
from tests.support.scripted_grader import ScriptedGrader
from tests.support.small_problem import small_problem, write_problem

_START_SECONDS = 60
_CHEAP_PASSWORDS = "CHEAP_PASSWORDS"


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """A service that listens."""

    process: subprocess.Popen[str]
    port: int
    metrics_port: int | None
    log_file: Path

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """What it has written so far."""
        return self.log_file.read_text()

    @property
    def pid(self) -> int:
        """The process that answers."""
        (pid,) = children(self.process.pid)
        return pid

    @property
    def sockets(self) -> int:
        """How many it has open."""
        targets = []
        for file in Path(f"/proc/{self.pid}/fd").iterdir():
            try:
                targets.append(str(file.readlink()))
            except FileNotFoundError:
                continue
        return sum(target.startswith("socket:") for target in targets)

    def connection(self, source: str = "127.0.0.1", *, receives_bytes: int | None = None) -> socket.socket:
        """Connect from an address of this machine."""
        made = socket.socket()
        if receives_bytes is not None:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receives_bytes)
        made.settimeout(30)
        made.bind((source, 0))
        made.connect(("127.0.0.1", self.port))
        return made

    def statuses(self, sent: bytes) -> list[int]:
        """Return those of all answers until the connection is closed, which it has to be."""
        received = b""
        with self.connection() as connection:
            connection.sendall(sent)
            while more := connection.recv(1 << 16):
                received += more
        return [int(part[:3]) for part in received.split(b"HTTP/1.1 ")[1:]]

    def browser(self, source: str = "127.0.0.1") -> httpx.Client:
        """Return a client that keeps cookies, at an address of this machine."""
        transport = httpx.HTTPTransport(local_address=source)
        return httpx.Client(base_url=self.address, transport=transport, timeout=60)


@contextmanager
def served_service(
    place: Path, *, ulimit: str = "", cheap_passwords: bool = False, **settings: Any
) -> Iterator[Served]:
    """Serve one small problem, `double`, on a free port; all state lies in `place`.

    `settings` are variables without their prefix; `ulimit` is what a shell sets before, such as `-n 1024`.
    Of `cheap_passwords` a hash takes no time, for tests that count attempts by the hundred.
    """
    if not (place / "problems").exists():
        write_problem(small_problem(), place)
    chosen = {
        "data_dir": place / "data",
        "problems_dir": place / "problems",
        "references_dir": place / "references",
        "slots": 1,
        "drain_seconds": 0,
        "port": 0,
        **settings,
    }
    environment = {name: value for name, value in os.environ.items() if not name.startswith("JAXERCISE_")}
    environment |= {f"JAXERCISE_{name.upper()}": str(value) for name, value in chosen.items()}
    environment |= {_CHEAP_PASSWORDS: "1"} if cheap_passwords else {}
    limit = f"ulimit {ulimit}; " if ulimit else ""
    log_file = place / "log.txt"
    with log_file.open("w") as log:
        process = subprocess.Popen(
            ["/bin/sh", "-c", f'{limit}exec "$0" -m tests.support.served_service', sys.executable],
            cwd=CHECKOUT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            text=True,
        )
    try:
        port = _said_port("Jaxercise is at", process, log_file)
        metrics_port = _said_port("Metrics are at", process, log_file) if "metrics_port" in settings else None
        yield Served(process=process, port=port, metrics_port=metrics_port, log_file=log_file)
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        sys.stderr.write(log_file.read_text()[-20_000:])


def _said_port(says: str, process: subprocess.Popen[str], log_file: Path) -> int:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if found := re.search(rf"{says} http://\S+:(\d+)", log_file.read_text()):
            return int(found[1])
        time.sleep(0.02)
    raise RuntimeError("the service did not start:\n" + log_file.read_text())


def until(condition: Callable[[], Any], *, seconds: float = 60) -> Any:
    """Return what the condition returns once that is true; fail where it never is."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "never"
        time.sleep(0.02)
    return found


def _serve() -> None:
    @asynccontextmanager
    async def open_grader() -> AsyncIterator[ScriptedGrader]:
        yield ScriptedGrader()

    if _CHEAP_PASSWORDS in os.environ:
        cheap = functools.partial(PasswordHasher, time_cost=1, memory_cost=8, parallelism=1)
        vars(credentials)["PasswordHasher"] = cheap
    run_service(read_settings(), open_grader)


if __name__ == "__main__":
    _serve()
