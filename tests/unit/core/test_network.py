"""Which addresses are one network, whoever writes them how; and networks take turns."""

import asyncio

import pytest

from app.core.network import (
    NETWORK_LENGTH,
    NetworkTurns,
    Turn,
    hosts_of,
    is_among,
    network_of,
    public_origins,
)

_NEVER_SECONDS = 1e6


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        (" 192.0.2.7 ", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("::ffff:c000:207", "192.0.2.7"),
        ("64:ff9b::192.0.2.7", "192.0.2.7"),
        ("64:ff9b:1::192.0.2.7", "64:ff9b:1::/64"),
        ("2002:c000:207:1::5", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("unknown", "unknown"),
        ("not:an:address", "not:an:address"),
        ("", ""),
    ],
)
def test_a_network_is_an_ipv4_address_or_the_first_half_of_an_ipv6_one(address: str, network: str) -> None:
    assert network_of(address) == network


def test_a_name_of_any_length_has_room_in_its_column() -> None:
    """A proxy that is believed may send whatever it likes."""
    assert len(network_of("x" * 5000)) == NETWORK_LENGTH


def test_networks_are_named_with_commas_between_them() -> None:
    assert is_among("10.1.2.3", "192.0.2.7, 10.0.0.0/8")
    assert is_among("anything", "*")
    assert not is_among("10.1.2.3", "192.0.2.7")
    assert not is_among("10.1.2.3", "")
    assert not is_among("a socket", "10.0.0.0/8")


@pytest.mark.parametrize(
    ("text", "origins"),
    [
        ("", ()),
        (" , ", ()),
        ("https://grader.example.org", ("https://grader.example.org",)),
        (" HTTPS://Grader.Example.org:443/ ", ("https://grader.example.org",)),
        ("http://127.0.0.1:8000", ("http://127.0.0.1:8000",)),
        ("https://a.test,https://b.test:8443", ("https://a.test", "https://b.test:8443")),
        ("http://[0:0::1]:80", ("http://[::1]",)),
    ],
)
def test_public_addresses_are_written_as_browsers_write_origins(text: str, origins: tuple[str, ...]) -> None:
    assert public_origins(text) == origins


@pytest.mark.parametrize(
    "text",
    [
        "grader.example.org",
        "grader.example.org:443",
        "ftp://grader.example.org",
        "https://",
        "https://*.example.org",
        "https://grader.example.org/jax",
        "https://grader.example.org?x",
        "https://ada@grader.example.org",
        "https://grader.example.org:port",
        "https://grader.example.org:99999",
        "https://[::1",
        "https://prüfer.example.org",
        "https://a.test https://b.test",
    ],
)
def test_what_is_no_public_address_is_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(ValueError, match=r"as in https://grader\.example\.org"):
        public_origins(text)


def test_a_host_may_have_the_port_that_its_scheme_has_anyway() -> None:
    assert hosts_of(["https://a.test", "http://b.test:8000"]) == {"a.test", "a.test:443", "b.test:8000"}


async def _settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


class _Line:
    """Requests that wait for their turns; `order` is that in which they got them."""

    def __init__(self, turns: NetworkTurns) -> None:
        self._turns = turns
        self.order: list[str] = []
        self.running: list[Turn] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def ask(self, *names: str) -> None:
        for name in names:
            self.tasks.append(asyncio.create_task(self._one(name)))
            await _settle()

    async def _one(self, name: str) -> None:
        turn = await self._turns.take(name.partition("-")[0])
        self.order.append(name)
        self.running.append(turn)

    async def end_all(self) -> None:
        while self.running:
            self.running.pop(0).end()
            await _settle()


@pytest.mark.anyio
async def test_a_newcomer_waits_only_for_what_is_worked_on() -> None:
    """However much others have asked for before."""
    line = _Line(NetworkTurns(at_once=1, longest_seconds=_NEVER_SECONDS))
    await line.ask("a-1", "a-2", "a-3", "a-4", "b-1", "b-2", "c-1")
    await line.end_all()
    assert line.order == ["a-1", "b-1", "c-1", "a-2", "b-2", "a-3", "a-4"]


@pytest.mark.anyio
async def test_so_many_at_once() -> None:
    line = _Line(NetworkTurns(at_once=2, longest_seconds=_NEVER_SECONDS))
    await line.ask("a-1", "a-2", "a-3", "b-1")
    assert line.order == ["a-1", "a-2"]
    line.running[0].end()
    line.running[0].end()  # Doing it again gives nobody a turn.
    await _settle()
    assert line.order == ["a-1", "a-2", "b-1"]


@pytest.mark.anyio
async def test_who_waits_for_something_else_holds_up_nobody() -> None:
    line = _Line(NetworkTurns(at_once=1, longest_seconds=0.01))
    await line.ask("a-1", "a-2")
    await asyncio.wait(line.tasks)
    assert line.order == ["a-1", "a-2"]


@pytest.mark.anyio
async def test_who_gives_up_leaves_no_gap() -> None:
    """While waiting, and in the moment of being given the turn."""
    line = _Line(NetworkTurns(at_once=1, longest_seconds=_NEVER_SECONDS))
    await line.ask("a-1", "b-1", "c-1", "d-1")
    line.tasks[1].cancel()
    await _settle()
    line.running.pop(0).end()
    line.tasks[2].cancel()  # c-1 has been given it, and does not know yet.
    await _settle()
    assert line.order == ["a-1", "d-1"]
