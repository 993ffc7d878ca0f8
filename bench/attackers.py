"""Those who attack a service on this machine, in a process of their own that has an event loop to itself.

Each holds one connection, and opens another a moment after the service has ended it. They come from addresses
127.0.0.2 and up, so that bounds of one network are met as well as those in all.
"""

import asyncio
import enum
import itertools
import socket
from collections.abc import Coroutine, Iterator
from multiprocessing.connection import Connection
from typing import Any, cast

import msgspec

from app.cli.serving.open_files import raise_open_files

NETWORKS = 8
_AGAIN_SECONDS = 2.0
_REFUSED_AGAIN_SECONDS = 10.0
"""As `Retry-After` asks of those who wanted a stream of events."""
_GATHER_SECONDS = 10.0
"""In which all of them come, one after the other."""
_TRICKLE_SECONDS = 2.0
_READ_BYTES_A_SECOND = 2000.0
"""More than a reader has to take; so each goes on for as long as there is something to read."""
_BODY_BYTES = 10_000
_RECEIVES_BYTES = 4096
_PIPELINED = 4
_HEAD_BYTES = len("HTTP/1.1 200")
_WRONG = b'{"email": "nobody-%d@lab.test", "password": "not the password"}'


class Attack(enum.StrEnum):
    """One kind of attack."""

    HALF_OPEN = "half-open connections"
    STREAMS = "event streams"
    SLOW_READERS = "slow readers of a large page"
    SLOW_SENDERS = "slow senders of a body"
    ERRORS = "repeated errors"


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """An attacker's account, and the path of the events of a submission of its own."""

    cookie: str
    events: str


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Where the service is, and what an attacker may ask of it."""

    port: int
    accounts: tuple[Account, ...]
    """Those who follow events."""
    cookie: str
    large_page: str
    """Which that cookie opens."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """So many connections of one kind; of errors, so many a second by all of them together."""

    attack: Attack
    connections: int
    errors_a_second: float = 100.0


class Counts(msgspec.Struct, kw_only=True):
    """What became of one attack's connections."""

    held: int = 0
    """Open just now, and not refused."""
    tried: int = 0
    refused: int = 0
    """Not taken, or answered with 429 or 503."""
    closed: int = 0
    """By the service, for another reason: a time-out, or to make room."""
    answers: int = 0
    """To repeated errors."""


def source_of(number: int) -> str:
    """Return the address that connection `number` comes from."""
    return f"127.0.0.{2 + number % NETWORKS}"


def run_attackers(plans: tuple[Plan, ...], target: Target, pipe: Connection) -> None:
    """Attack until the pipe says so; send the counts, a list as long as that of the plans, whenever asked."""
    raise_open_files()
    asyncio.run(_attack(plans, target, pipe))


async def _attack(plans: tuple[Plan, ...], target: Target, pipe: Connection) -> None:
    attackers = [_Attackers(plan, target) for plan in plans]
    tasks = [asyncio.create_task(one) for attacker in attackers for one in attacker.all()]
    while await asyncio.to_thread(pipe.recv) == "count":
        pipe.send([attacker.counted() for attacker in attackers])
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class _Connection(asyncio.BufferedProtocol):
    """One connection: notes the status of its first answer, and reads as slowly as it is meant to."""

    def __init__(self, bytes_a_second: float | None) -> None:
        loop = asyncio.get_running_loop()
        self._bytes_a_second = bytes_a_second
        self._buffer = bytearray(1024 if bytes_a_second else 1 << 16)
        self._head = b""
        self._transport: asyncio.Transport | None = None
        self.ended: asyncio.Future[None] = loop.create_future()
        """It is closed, or refused."""

    @property
    def status(self) -> int | None:
        """The status of the first answer; None before it."""
        return status_of(self._head)

    @property
    def is_refused(self) -> bool:
        return self.status in (429, 503)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def get_buffer(self, sizehint: int) -> bytearray:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        if len(self._head) < _HEAD_BYTES:
            self._head += bytes(self._buffer[: min(nbytes, _HEAD_BYTES)])
            if self.is_refused:
                self._end()
        if self._bytes_a_second is not None and self._transport is not None:
            self._transport.pause_reading()
            asyncio.get_running_loop().call_later(nbytes / self._bytes_a_second, self._read_on)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end()

    def _read_on(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def _end(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)


def status_of(head: bytes) -> int | None:
    """Return the status of an answer that begins so; None where that has not come yet."""
    word = head[len("HTTP/1.1 ") : _HEAD_BYTES]
    return int(word) if len(word) == 3 and word.isdigit() else None


class _Attackers:
    """All of one kind."""

    def __init__(self, plan: Plan, target: Target) -> None:
        self._plan = plan
        self._target = target
        self._counts = Counts()
        self._open: set[_Connection] = set()
        self._wrong = itertools.count()

    def counted(self) -> Counts:
        held = self._counts.held + sum(not connection.is_refused for connection in self._open)
        return msgspec.structs.replace(self._counts, held=held)

    def all(self) -> Iterator[Coroutine[Any, Any, None]]:
        """Return what each of them does, for ever."""
        one = self._err if self._plan.attack is Attack.ERRORS else self._hold
        for number in range(self._plan.connections):
            yield self._again_and_again(one, number)

    async def _again_and_again(self, one: Any, number: int) -> None:
        await asyncio.sleep(_GATHER_SECONDS * number / self._plan.connections)
        while True:
            pause = await one(number)
            await asyncio.sleep(pause)

    async def _hold(self, number: int) -> float:
        """Hold one connection for as long as that is possible; return when to come again, in seconds."""
        is_reader = self._plan.attack is Attack.SLOW_READERS
        self._counts.tried += 1
        try:
            made = await _connected(
                number, self._target.port, receives_bytes=_RECEIVES_BYTES if is_reader else None
            )
            transport, connection = await asyncio.get_running_loop().create_connection(
                lambda: _Connection(_READ_BYTES_A_SECOND if is_reader else None), sock=made
            )
        except OSError:
            self._counts.refused += 1
            return _AGAIN_SECONDS
        self._open.add(connection)
        try:
            transport.write(self._first(number))
            await self._go_on(transport, connection)
        finally:
            self._open.discard(connection)
            transport.abort()
        if connection.is_refused:
            self._counts.refused += 1
            return _REFUSED_AGAIN_SECONDS
        self._counts.closed += 1
        return _AGAIN_SECONDS

    async def _go_on(self, transport: asyncio.Transport, connection: _Connection) -> None:
        if self._plan.attack is not Attack.SLOW_SENDERS:
            await connection.ended
            return
        while not connection.ended.done():
            await asyncio.wait({connection.ended}, timeout=_TRICKLE_SECONDS)
            transport.write(b" ")

    def _first(self, number: int) -> bytes:
        """Return what is sent at once."""
        accounts = self._target.accounts
        match self._plan.attack:
            case Attack.STREAMS:
                account = accounts[number % len(accounts)]
                return _get(account.events, account.cookie)
            case Attack.SLOW_READERS:
                return _get(self._target.large_page, self._target.cookie) * _PIPELINED
            case Attack.SLOW_SENDERS:
                return _post(_BODY_BYTES) + b"{"
            case _:
                return b"GET / HTTP/1.1\r\nHost: x\r\n"

    async def _err(self, number: int) -> float:
        """Ask for one thing that is wrong after another on one connection; return when to come again."""
        pause = self._plan.connections / self._plan.errors_a_second
        self._counts.tried += 1
        try:
            made = await _connected(number, self._target.port)
            reader, writer = await asyncio.open_connection(sock=made)
        except OSError:
            self._counts.refused += 1
            return _AGAIN_SECONDS
        self._counts.held += 1
        try:
            while True:
                writer.write(self._wrong_request())
                head = await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(_length_of(head))
                self._counts.answers += 1
                await asyncio.sleep(pause)
        except (OSError, asyncio.IncompleteReadError):
            self._counts.closed += 1
        finally:
            self._counts.held -= 1
            writer.close()
        return pause

    def _wrong_request(self) -> bytes:
        number = next(self._wrong)
        body = _WRONG % (number // 40)
        wrong = (
            _get("/nothing/here", ""),
            _get("/api/v1/problems/nothing", ""),
            _post(len(body)) + body,
            b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        )
        return wrong[number % len(wrong)]


async def _connected(number: int, port: int, *, receives_bytes: int | None = None) -> socket.socket:
    made = socket.socket()
    try:
        made.setblocking(False)
        if receives_bytes is not None:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receives_bytes)
        made.bind((source_of(number), 0))
        await asyncio.get_running_loop().sock_connect(made, ("127.0.0.1", port))
    except BaseException:
        made.close()
        raise
    return made


def _get(path: str, cookie: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n\r\n".encode()


def _post(length: int) -> bytes:
    head = "POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {length}\r\n\r\n".encode()


def _length_of(head: bytes) -> int:
    """Return how many bytes of a body follow a head."""
    for line in head.lower().split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name == b"content-length":
            return int(value)
    return 0
