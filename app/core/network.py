"""The network of a client, which costs somebody something to have many of; and the service's own address.

Of what few can have at once, as being worked on or having a password checked, networks take turns.
"""

import asyncio
import ipaddress
import itertools
import re
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

NETWORK_LENGTH = 64
"""Characters that the name of a network has at most."""
_ONE_SUBSCRIBER = 64
"""Bits of an IPv6 address that name a network; the others its owner chooses, as often as they like."""
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")
_USUAL_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?")
_REMEMBERED = 4096
"""Networks whose last turn is known; one that was forgotten comes first, as one that was never seen."""


def network_of(address: str) -> str:
    """Return the IPv4 address, or the first 64 bits of the IPv6 address; of anything else the text itself.

    An IPv4 address that is written as an IPv6 one, or translated to one on its way, is the IPv4 address.
    """
    try:
        found = ipaddress.ip_address(address.strip().partition("%")[0])
    except ValueError:
        return address[:NETWORK_LENGTH]
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    inside = _ipv4_inside(found)
    return str(inside or ipaddress.ip_network((found, _ONE_SUBSCRIBER), strict=False))


def _ipv4_inside(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address of whoever has this one; None where there is none.

    A translator in front of this host puts all of IPv4 into one network of IPv6 (RFC 6052, RFC 7755), and
    6to4 gives 65,536 networks to each address (RFC 3056).
    """
    if address in _TRANSLATED:
        return ipaddress.IPv4Address(address.packed[-4:])
    return address.ipv4_mapped or address.sixtofour


def is_among(address: str, networks: str) -> bool:
    """Say whether an address is one of those with commas between them, or in one of them; `*` is all."""
    if networks.strip() == "*":
        return True
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(
        found in ipaddress.ip_network(network.strip()) for network in networks.split(",") if network.strip()
    )


def public_origins(text: str) -> tuple[str, ...]:
    """Return addresses with commas between them as browsers write an origin: `https://grader.example.org`.

    Raises:
        ValueError: one of them is no address of a whole service; says what is allowed.
    """
    return tuple(_origin(part.strip()) for part in text.split(",") if part.strip())


def hosts_of(origins: Iterable[str]) -> frozenset[str]:
    """Return what a request's `Host` may be, in lower case, with or without the port that a scheme has."""
    hosts = set()
    for origin in origins:
        parts = urlsplit(origin)
        hosts.add(parts.netloc)
        if parts.port is None:
            hosts.add(f"{parts.netloc}:{_USUAL_PORTS[parts.scheme]}")
    return frozenset(hosts)


def _origin(address: str) -> str:
    try:
        parts = urlsplit(address.lower())
        host, port = parts.hostname or "", parts.port
        if ":" in host:
            host = f"[{ipaddress.IPv6Address(host)}]"
        elif not _HOST.fullmatch(host):
            raise ValueError
        # Nothing but scheme, host and port: no path, no name of a user, no query.
        given = f"[{parts.hostname}]" if ":" in host else host
        if parts.scheme not in _USUAL_PORTS or address.lower().removesuffix("/") not in (
            f"{parts.scheme}://{given}",
            f"{parts.scheme}://{given}:{port}",
        ):
            raise ValueError
    except ValueError:
        raise ValueError(
            "must be addresses with commas between them, each a scheme and a host, and a port where that is "
            "not the usual one, as in https://grader.example.org,https://grader.example.org:8443 (a name "
            f"with letters beyond ASCII as browsers send it: xn--…); {address!r} is none"
        ) from None
    shown = "" if port in (None, _USUAL_PORTS[parts.scheme]) else f":{port}"
    return f"{parts.scheme}://{host}{shown}"


class NetworkTurns:
    """Gives `at_once` turns; next comes the network whose last turn is the longest ago.

    So whoever asks for hundreds of pages together waits behind itself, and others wait for what is worked on
    just now. What takes longer than `longest_seconds`, if there is such a time, waits for something else than
    the processor, and holds up nobody from then on.
    """

    def __init__(self, *, at_once: int, longest_seconds: float | None = None) -> None:
        self._at_once = at_once
        self._longest_seconds = longest_seconds
        self._running = 0
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}
        self._last_turns: OrderedDict[str, int] = OrderedDict()
        self._count = itertools.count(1)

    async def take(self, network: str) -> "Turn":
        """Wait for a turn; whoever is given it must `end` it."""
        if self._running < self._at_once:
            self._start(network)
            return Turn(self._end, self._longest_seconds)
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(network, deque()).append(granted)
        try:
            await granted
        except asyncio.CancelledError:
            if granted.done() and not granted.cancelled():
                self._end()
            else:
                self._forget(network, granted)
            raise
        return Turn(self._end, self._longest_seconds)

    def _start(self, network: str) -> None:
        self._running += 1
        self._last_turns[network] = next(self._count)
        self._last_turns.move_to_end(network)
        if len(self._last_turns) > _REMEMBERED:
            self._last_turns.popitem(last=False)

    def _end(self) -> None:
        self._running -= 1
        while self._running < self._at_once and self._waiting:
            network = min(self._waiting, key=lambda name: self._last_turns.get(name, 0))
            granted = self._waiting[network].popleft()
            if not self._waiting[network]:
                del self._waiting[network]
            if not granted.done():
                self._start(network)
                granted.set_result(None)

    def _forget(self, network: str, granted: "asyncio.Future[None]") -> None:
        waiting = self._waiting.get(network)
        if waiting is not None and granted in waiting:
            waiting.remove(granted)
            if not waiting:
                del self._waiting[network]


class Turn:
    """It ends once, at the latest after the longest time."""

    def __init__(self, on_end: Callable[[], None], longest_seconds: float | None) -> None:
        self._on_end: Callable[[], None] | None = on_end
        self._timer: asyncio.TimerHandle | None = None
        if longest_seconds is not None:
            self._timer = asyncio.get_running_loop().call_later(longest_seconds, self.end)

    def end(self) -> None:
        """Let another be worked on; doing it again does nothing."""
        on_end, self._on_end = self._on_end, None
        if self._timer is not None:
            self._timer.cancel()
        if on_end is not None:
            on_end()
